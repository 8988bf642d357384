import { sameBytes } from '../core/bytes';
import { BrokenRuntimeError, messageOf, UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import type { HostTensor } from '../runtime';
import { type Batch, batches, type Dataset, type InputSpec, type Shapes } from './dataset';
import { describeShapes } from './describe';
import { batchDimension, generateDataset, withNames } from './generate';
import { withBatch, withShapes } from './givenShapes';
import { openSizes, sizesToTry } from './openSizes';

type Outputs = Readonly<Record<string, HostTensor>>;

export interface MakeUpOptions extends LongCall {
  readonly samples?: number;
  readonly seed?: number;
  /** Shapes of inputs that the user gave. */
  readonly shapes?: Shapes | undefined;
  /** Samples of a run, in place of the one sample that a shape was given for. */
  readonly batch?: number | undefined;
  readonly run: (feeds: Batch['feeds']) => Promise<Outputs>;
  /**
   * Whether each size is run twice, and refused where the two answers differ: some graphs read past the end of an input
   * of a size that they were not made for. Models that draw at random must not be run twice.
   */
  readonly twice?: boolean;
}

/** Time after which no more sizes are tried. */
const PATIENCE_MS = 30_000;

/** Numbers of one input: several dimensions that are all tried at 1,024 would be more than any machine holds. */
const LARGEST_TRIED = 2 ** 22;

/**
 * Makes up inputs that the model runs on, from what it declares. Sizes that it leaves open are the usual ones, or else
 * the first of a short list with which the graph runs. `shapes` of the data set holds the sizes that were taken. Throws
 * a UserError with the runtime's reason where no size works.
 */
export async function makeUpInputs(declared: readonly InputSpec[], options: MakeUpOptions): Promise<Dataset> {
  const { samples, seed, signal, run, twice = false } = options;
  const { shapes = {}, batch } = options;
  const inputs = withShapes(declared, batch === undefined ? shapes : withBatch(declared, shapes, batch)).map(withNames);
  const settings = { ...(samples !== undefined && { samples }), ...(seed !== undefined && { seed }) };
  const open = openSizes(inputs, batchDimension(inputs));
  const started = performance.now();
  let failure: unknown;
  let indeterminate: Dataset | undefined;
  let tried = 0;
  for (const unknown of [undefined, 0, 1]) {
    let largest: number | undefined;
    for (const sizes of sizesToTry(open)) {
      if (tried > 0 && performance.now() - started > PATIENCE_MS) break;
      signal?.throwIfAborted();
      const all = { ...settings, sizes, ...(unknown !== undefined && { unknown }) };
      const made = () => generateDataset(inputs, all);
      try {
        const one = generateDataset(inputs, { ...all, samples: 1, ...(largest !== undefined && { largest }) });
        largest = LARGEST_TRIED;
        tried++;
        const [first] = batches(one, 1);
        const { feeds } = first!;
        const outputs = await run(feeds);
        if (!twice || firstDifference(await run(feeds), outputs) === undefined) return made();
        indeterminate ??= made();
      } catch (error) {
        signal?.throwIfAborted();
        // A page cannot use such a runtime again: the caller must know of it, and replace the worker.
        if (error instanceof BrokenRuntimeError) throw error;
        // The usual sizes, or those that were given, are what the user has to be told of.
        if (tried === 0) throw error;
        failure ??= error;
      }
    }
    if (indeterminate) return indeterminate;
  }
  throw refused(failure, inputs, tried);
}

function refused(failure: unknown, inputs: readonly InputSpec[], tried: number): UserError {
  const why = messageOf(failure).replace(/\.$/, '');
  if (tried <= 1) return new UserError(`${why}.`, { cause: failure });
  const { shapes } = generateDataset(inputs, { samples: 1 });
  return new UserError(
    `No inputs could be made up that the model runs on: ${tried} were tried, the first ${describeShapes(shapes!)} (${why}); say the shapes of inputs, or give data.`,
    { cause: failure },
  );
}

/** The name of the first output that differs in any bit; undefined where none does. */
export const firstDifference = (outputs: Outputs, expected: Outputs): string | undefined =>
  Object.keys(expected).find((key) => !same(outputs[key], expected[key]!));

function same(a: HostTensor | undefined, b: HostTensor): boolean {
  if (!a || a.dims.join() !== b.dims.join()) return false;
  if (Array.isArray(a.data) || Array.isArray(b.data)) return String(a.data) === String(b.data);
  const [x, y] = [a.data, b.data].map((data) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return sameBytes(x!, y!);
}
