import { UserError } from '../core/errors';
import { type LongCall, Pacer } from '../core/progress';
import { type Batch, batches, type Dataset, fixedBatch } from '../evaluation/dataset';
import { chooseBatch } from '../evaluation/evaluate';
import { halves, take } from '../evaluation/samples';
import type { Session } from '../runtime';
import { type Answered, type Closeness, ClosenessMeter, type Outputs } from './closeness';

/** How long a run over one half of the samples may take, about. */
const HALF_MS = 200;
const FEWEST = 4;
const MOST = 256;

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
   * Runs the original on the data, on as many samples as fit into a fifth of a second. A single sample is used for
   * both. Throws a UserError where no output can be compared.
   */
  static async open(original: Session, data: Dataset, { signal }: LongCall): Promise<Comparison> {
    const size = fixedBatch(data) ?? (await chooseBatch(original, data));
    const [first] = batches(data, size);
    const started = performance.now();
    await original.run(first!.feeds);
    const perSample = (performance.now() - started) / first!.samples;
    const count = Math.max(FEWEST, Math.min(MOST, Math.floor(HALF_MS / perSample)));
    const some = take(data, 2 * count);
    const [search, check] = some.samples < 2 ? [some, some] : halves(some);
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
    if (!answered.search.meter.isComparable)
      throw new UserError(
        'This model has no output of floating-point numbers, so nothing tells how close a smaller one is.',
      );
    return new Comparison(answered, { search: search.samples, check: some.samples < 2 ? 0 : check.samples });
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
