import { UserError } from '../core/errors';
import { type LongCall, Pacer } from '../core/progress';
import { chooseBatch } from '../evaluation/batchSize';
import { type Batch, batches, type Dataset, fixedBatch } from '../evaluation/dataset';
import { describeShapes } from '../evaluation/describe';
import type { Session } from '../runtime';
import { type Answered, type Closeness, ClosenessMeter, type Outputs } from './closeness';
import { keeps, PROMISES } from './promises';
import { splitForSearch } from './searchSamples';

/** How long a run over one half of the samples may take, about. */
const HALF_MS = 200;
const FEWEST = 2;
const MOST = 128;
/** The same data are always split in the same way. */
const SEED = 1;

/** Samples with the original's answers to them. */
interface Half {
  readonly samples: number;
  readonly batches: readonly Batch[];
  readonly meter: ClosenessMeter;
}

/** Compares compressed models with one original: on samples by which one chooses, and on others that check the choice. */
export class Comparison {
  private constructor(
    private readonly halves: Readonly<Record<'search' | 'check', Half>>,
    readonly samples: { readonly search: number; readonly check: number },
  ) {}

  /**
   * Runs the original on the data, on as many samples as a run of a fifth of a second takes. `more` makes up to so many where
   * data are made up. Data of one sample are used for both. Throws a UserError where no output can be
   * compared, or the original does not agree with itself.
   */
  static async open(
    original: Session,
    given: Dataset,
    more: ((samples: number) => Dataset) | undefined,
    { signal }: LongCall,
  ): Promise<Comparison> {
    const size = fixedBatch(given) ?? (await chooseBatch(original, given));
    const [first] = batches(given, size);
    // The first run allocates memory.
    await original.run(first!.feeds);
    const started = performance.now();
    await original.run(first!.feeds);
    const perSample = (performance.now() - started) / first!.samples;
    const count = Math.max(FEWEST, Math.min(MOST, Math.floor(HALF_MS / perSample)));
    const data = more && given.samples < 2 * count ? more(2 * count) : given;
    const { search, check, same } = splitForSearch(data, { search: count, check: count }, SEED);
    const answer = async (dataset: Dataset): Promise<Half> => {
      const answered: Answered[] = [];
      for (const batch of batches(dataset, size)) {
        signal?.throwIfAborted();
        answered.push({ batch, outputs: await original.run(batch.feeds) });
      }
      const meter = new ClosenessMeter(answered, dataset);
      return { samples: dataset.samples, batches: answered.map(({ batch }) => batch), meter };
    };
    const answered = { search: await answer(search), check: await answer(check) };
    const comparison = new Comparison(answered, { search: search.samples, check: same ? 0 : check.samples });
    // A graph that reads past inputs of such a size finds there what the runs before have left.
    if (!keeps(PROMISES[0]!, await comparison.closenessOf(original, 'search', { signal })))
      throw new UserError(
        `This model gives other answers to the same input each time (${describeInputs(data)}), so nothing tells how close a smaller one is: open data for it.`,
      );
    return comparison;
  }

  async closenessOf(session: Session, on: 'search' | 'check', { signal }: LongCall): Promise<Closeness> {
    const { batches, meter } = this.halves[on];
    const pacer = new Pacer(signal);
    const outputs: Outputs[] = [];
    for (const { feeds } of batches) {
      signal?.throwIfAborted();
      outputs.push(await session.run(feeds));
      await pacer.breathe();
    }
    return meter.measure(outputs);
  }
}

const describeInputs = ({ shapes, name }: Dataset): string => (shapes ? describeShapes(shapes) : name);
