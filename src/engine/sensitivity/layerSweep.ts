import { create } from '@bufbuild/protobuf';
import { ValueInfoProtoSchema } from 'onnx-buf';
import { withOutputs } from '../calibration/running';
import type { LongCall } from '../core/progress';
import type { Damage } from '../evaluation/damage';
import { openModel } from '../evaluation/openModel';
import { bytesOf } from '../evaluation/outputCache';
import { transpose } from '../linalg/transpose';
import type { Layer, ModelLayers } from '../model/layers';
import { dimsOf, floatsToHalves } from '../model/tensors';
import { denseOf } from '../operators/dense/dense';
import { replaceWeights } from '../operators/export/replace';
import type { FloatType } from '../operators/operator';
import { weightOf } from '../operators/weight';
import type { HostTensor, Provider, Runtime, Session } from '../runtime';
import { type BehindWeight, behindWeight } from './behindWeight';
import type { OriginalAnswers } from './originalAnswers';

type Outputs = Readonly<Record<string, HostTensor>>;

export interface SweepContext {
  readonly given: ModelLayers;
  readonly runtime: Runtime;
  readonly provider: Provider;
}

/**
 * The most bytes of values before a weight that are kept for all samples. Where there are more, everything from the
 * model's inputs on runs again for each weight.
 */
const KEPT_BYTES = 384 * 2 ** 20;

/**
 * Runs a model again and again with other values in place of one layer's weight, all other layers as they are. The weight
 * is an input of one session, and only what follows from it runs.
 */
export class LayerSweep {
  private constructor(
    private readonly answers: OriginalAnswers,
    /** What the answers are compared with. */
    private readonly references: readonly Outputs[],
    private readonly run: (values: Float32Array<ArrayBuffer>, batch: number) => Promise<Outputs>,
    private readonly end: () => Promise<void>,
  ) {}

  static async open(
    layer: Layer,
    answers: OriginalAnswers,
    context: SweepContext,
    call: LongCall = {},
  ): Promise<LayerSweep> {
    const { given, runtime, provider } = context;
    const behind = behindWeight(given, layer);
    const before = behind && (await valuesBefore(behind, answers, context, call));
    const part = before ? behind : behindWeight(given, layer, 'inputs');
    const feedsOf = (batch: number) => before?.[batch] ?? answers.batches[batch]!.feeds;
    if (!part) {
      // A weight inside a branch or a loop: a session for each of its values.
      const run = async (values: Float32Array<ArrayBuffer>, batch: number) => {
        const operators = new Map([[layer, denseOf(layer.shape, layer.dtype as FloatType, values)]]);
        const session = await openModel(await replaceWeights(given.model, given.main, operators), runtime, {
          provider,
        });
        return session.run(answers.batches[batch]!.feeds).finally(() => session.release());
      };
      return new LayerSweep(answers, answers.outputs, run, async () => undefined);
    }
    const session = await openModel(part.modelFor(feedsOf(0)), runtime, { provider, ...call });
    const run = async (values: Float32Array<ArrayBuffer>, batch: number) => {
      const changed = await session.run({
        ...pick(feedsOf(batch), part.boundary),
        [part.weight]: stored(layer, values),
      });
      return { ...answers.outputs[batch]!, ...changed };
    };
    const values = await weightOf(given.model, layer).toDense();
    try {
      const references = await referencesOf(answers, (batch) => run(values, batch), call);
      return new LayerSweep(answers, references, run, () => session.release());
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** The damage with these values, [out, in, …], as the layer's weight, on the first `count` batches. */
  async damageOf(
    values: Float32Array<ArrayBuffer>,
    count = this.answers.batches.length,
    { signal }: LongCall = {},
  ): Promise<Damage> {
    const damage = this.answers.damage(count);
    for (let batch = 0; batch < count; batch++) {
      signal?.throwIfAborted();
      damage.add(this.references[batch]!, await this.run(values, batch), this.answers.batches[batch]!);
    }
    return damage;
  }

  release(): Promise<void> {
    return this.end();
  }
}

/** Below this, rounding makes no difference that anybody could take for damage. */
const ROUNDING = 1e-6;

/**
 * The original's answers, or where rounding moves them far, the answers of the part with the layer's own weight: the
 * runtime rounds differently where it cannot fuse nodes with a constant weight, and some outputs jump (the maxima of a
 * detector's heat map).
 */
async function referencesOf(
  answers: OriginalAnswers,
  run: (batch: number) => Promise<Outputs>,
  { signal }: LongCall,
): Promise<readonly Outputs[]> {
  const first = await run(0);
  const damage = answers.damage(1);
  damage.add(answers.outputs[0]!, first, answers.batches[0]!);
  if (damage.damage.mean <= ROUNDING) return answers.outputs;
  const own = [first];
  for (let batch = 1; batch < answers.batches.length; batch++) {
    signal?.throwIfAborted();
    own.push(await run(batch));
  }
  return own;
}

/** The values of the boundary for each batch; undefined where they are too many, or are no tensors. */
async function valuesBefore(
  { boundary }: BehindWeight,
  answers: OriginalAnswers,
  { given: { model }, runtime, provider }: SweepContext,
  { signal }: LongCall,
): Promise<Outputs[] | undefined> {
  const inputs = new Set(Object.keys(answers.batches[0]!.feeds));
  const computed = boundary.filter((name) => !inputs.has(name));
  if (computed.length === 0) return answers.batches.map(({ feeds }) => pick(feeds, boundary));
  const outputs = computed.map((name) => create(ValueInfoProtoSchema, { name }));
  let session: Session;
  try {
    session = await openModel(withOutputs(model, outputs), runtime, { provider, signal });
  } catch {
    signal?.throwIfAborted();
    // A sequence, or a value that the runtime cannot give, has no tensor to keep.
    return undefined;
  }
  try {
    const found: Outputs[] = [];
    let bytes = 0;
    for (const { feeds } of answers.batches) {
      signal?.throwIfAborted();
      const values = { ...pick(feeds, boundary), ...(await session.run(pick(feeds, session.inputNames))) };
      bytes += bytesOf(values);
      if (bytes > KEPT_BYTES) return undefined;
      found.push(values);
    }
    return found;
  } finally {
    await session.release();
  }
}

const pick = (tensors: Outputs, names: readonly string[]): Outputs =>
  Object.fromEntries(names.filter((name) => Object.hasOwn(tensors, name)).map((name) => [name, tensors[name]!]));

/** A weight [out, in, …] as the model stores it. */
function stored(layer: Layer, values: Float32Array<ArrayBuffer>): HostTensor {
  const [rows, columns] = layer.shape as [number, number];
  const data = layer.stored === 'transposed' ? transpose(values, rows, columns) : values;
  const dims = dimsOf(layer.tensor);
  return layer.dtype === 'float16'
    ? { type: 'float16', dims, data: floatsToHalves(data) }
    : { type: 'float32', dims, data };
}
