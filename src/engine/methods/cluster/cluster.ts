import { z } from 'zod';
import { type LongCall, Pacer } from '../../core/progress';
import { decodeFloats } from '../../model/tensors';
import {
  type Codebook,
  clustered,
  codebookOf,
  plannedClustered,
  plannedCodebook,
} from '../../operators/codebook/codebook';
import { DATA_TYPE } from '../../operators/dense/dense';
import { roundedTo } from '../../operators/dense/rounding';
import { type Dense, elements, type FloatType, type Operator } from '../../operators/operator';
import { percent } from '../../operators/percent';
import type { Method } from '../method';
import { choice, whole } from '../options';
import { slotsOf } from '../pictures/slots';
import { addedByLeaf } from '../smaller';
import { kMeans, pointsOf } from './kMeans';

const options = z.strictObject({
  values: whole(2, 256, {
    title: 'Values',
    help: 'different values that a weight may have; 2, 4, 16 and 256 fill the bits of a code',
    logarithmic: true,
  }).default(16),
  scope: choice(['layer', 'model'], {
    title: 'Codebook',
    help: 'for each weight its own values, or the same for all that the step works on',
    labels: { layer: 'For each weight', model: 'One for all' },
  }).default('layer'),
});

export type ClusterOptions = z.infer<typeof options>;

/** For each type that leaves are stored in: the codebook of the step, and the leaves that get smaller by it. */
type Shared = ReadonlyMap<FloatType, { readonly book: Codebook; readonly leaves: readonly Dense[] }>;

/**
 * Weight sharing by k-means. Every weight becomes the nearest of a few values, which are chosen so that the sum of the
 * squared changes is smallest. One codebook for the whole step suits layers whose weights are of similar size. The
 * model stores that codebook once, and its bytes count with the first weight that uses it: `prepare` compares them with
 * what all weights save together. A plan knows of one layer only, and leaves the bytes of a shared codebook out.
 */
export const cluster: Method<ClusterOptions> = {
  name: 'cluster',
  title: 'Clustering',
  summary: 'Gives each weight one of a few values, and stores which.',
  paper: 'Han et al. 2016 (Deep Compression, arXiv:1510.00149)',
  options,
  plan: planned,
  estimates: (_, { scope }) => scope === 'model',
  shares: ({ scope }) => scope === 'model',
  async prepare(targets, given, context): Promise<Shared> {
    const { values } = given;
    const shared = new Map<FloatType, { book: Codebook; leaves: readonly Dense[] }>();
    for (const type of ['float32', 'float16'] as const) {
      const leaves: Dense[] = [];
      let added = plannedCodebook(values, type).array.bytes;
      for (const { leaf, tree, op } of targets) {
        if (leaf.type !== type) continue;
        const more = addedByLeaf(planned(leaf, given), leaf, tree, { op, opset: context.opset });
        if (more >= 0) continue;
        added += more;
        leaves.push(leaf);
      }
      if (added >= 0) continue;
      const centres = await centresOf(leaves, type, values, context);
      shared.set(type, { book: codebookOf(centres, type, true), leaves });
    }
    return shared;
  },
  async apply(leaf, given, context) {
    const known = (context.prepared as Shared | undefined)?.get(leaf.type);
    const book = known?.book ?? codebookOf(await centresOf([leaf], leaf.type, given.values, context), leaf.type);
    const codes = await nearestIn(book, await leaf.toDense(), context);
    const operator = clustered(leaf.shape, codes, book, known === undefined || known.leaves[0] === leaf);
    return { operator, weighed: known?.leaves.includes(leaf) ?? false };
  },
  advice(leaf, given) {
    const { values, scope } = given;
    return [
      `Stores ${percent(planned(leaf, given).bytes / leaf.bytes)} of the bytes before this step; of weights that are distributed normally ${values} values lose some ${percent(normalLoss(values))} of the norm.`,
      ...(scope === 'model' ? ['One codebook for all suits layers whose weights are of about the same size.'] : []),
      'Saves storage, not time: the weight is looked up in its codebook when the model loads, and dense from then on.',
    ];
  },
  picture: ({ after }) => slotsOf(after),
};

function planned({ shape, type }: Dense, { values, scope }: ClusterOptions): Operator {
  return plannedClustered(shape, plannedCodebook(values, type), scope === 'layer');
}

/**
 * ‖W−Ŵ‖/‖W‖ of Lloyd–Max quantisers on normally distributed numbers: within 5 % of the published table for 2 to 256
 * values.
 */
export const normalLoss = (values: number): number => 1.65 / (values + 0.85);

/** As many centres as were asked for. Where the weights have fewer distinct values, the last centre is repeated. */
async function centresOf(
  leaves: readonly Dense[],
  type: FloatType,
  count: number,
  call: LongCall,
): Promise<Float32Array<ArrayBuffer>> {
  const lists = leaves.map((leaf) => ({ length: elements(leaf.shape), read: () => leaf.toDense() }));
  const centres = await kMeans(await pointsOf(lists, call), count, call);
  const all = Float32Array.from({ length: count }, (_, i) => centres[Math.min(i, centres.length - 1)]!);
  return roundedTo(all, type, 'codebook');
}

/** For each value, the code of the nearest value in the codebook, whose values rise. */
async function nearestIn({ array, type, size }: Codebook, values: Float32Array, call: LongCall): Promise<Uint8Array> {
  const held = decodeFloats(await array.read(), DATA_TYPE[type], 'codebook');
  const limits = Float64Array.from({ length: size - 1 }, (_, i) => (held[i]! + held[i + 1]!) / 2);
  const codes = new Uint8Array(values.length);
  const pacer = new Pacer(call.signal);
  for (let from = 0; from < values.length; from += PIECE) {
    encode(values, limits, codes, from, Math.min(values.length, from + PIECE));
    await pacer.breathe();
  }
  return codes;
}

/** How many values are encoded between two looks at the clock. */
const PIECE = 1 << 16;

/**
 * codes[i] is the number of rising `limits` that values[i] is above. A small function of its own compiles to fast code.
 */
function encode(values: Float32Array, limits: Float64Array, codes: Uint8Array, first: number, end: number): void {
  for (let i = first; i < end; i++) {
    let from = 0;
    let to = limits.length;
    const value = values[i]!;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (value > limits[middle]!) from = middle + 1;
      else to = middle;
    }
    codes[i] = from;
  }
}
