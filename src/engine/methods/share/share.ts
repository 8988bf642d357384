import { z } from 'zod';
import { Pacer } from '../../core/progress';
import { denseOf, HALF_ROUNDING, plannedDense } from '../../operators/dense/dense';
import { BYTES_OF, type Dense, elements, matrixOf } from '../../operators/operator';
import { BESIDE_SLOTS, shared } from '../../operators/shared/shared';
import { sharing } from '../../operators/shared/sharing';
import type { Method, MethodContext, Outcome, Skipped } from '../method';
import { share as shareOf, whole } from '../options';
import { slotsOf } from '../pictures/slots';

const options = z.strictObject({
  size: shareOf({ title: 'Size', help: 'stored bytes after over before', initial: 0.5 }),
  seed: whole(0, 2 ** 32 - 1, {
    title: 'Seed',
    help: "which weights share a slot; the recipe's where it is not given",
    range: [0, 1000],
  }).optional(),
  chunk: whole(1, undefined, {
    title: 'Chunk',
    help: 'neighbours that stay together; not given, or more than there are slots: as many as those, so that each serves equally many weights',
    range: [1, 4096],
    logarithmic: true,
  }).optional(),
});

export type ShareOptions = z.infer<typeof options>;

/**
 * Hash-shared weights: every run of weights uses consecutive slots. Runs as long as the number of slots (STABLE-RPS)
 * give every slot equally many weights, c. Shorter runs (ROAST's chunks, HashedNets at 1) meet slots at random and
 * leave some unused; their error is √(1 − (1 − e^(−c))/c) in place of √(1 − 1/c): .753 in place of .707 at c = 2.
 *
 * After training, a slot takes the least-squares value: the mean of its weights times their signs. Weights that a hash
 * brings together have nothing in common, so that the error is the same for all weights.
 */
export const share: Method<ShareOptions> = {
  name: 'share',
  title: 'Share weights by a hash',
  summary: 'Lets weights that a hash brings together share one number; made for training under it, not after.',
  paper: 'Chen et al. 2015 (HashedNets); Desai & Shrivastava 2024 (In defense of parameter sharing)',
  options,
  plan(leaf, given) {
    const slots = slotsFor(leaf, given);
    if (typeof slots === 'object') return slots;
    const { shape, type } = leaf;
    // Two steps with one seed share the constants of their hash.
    return shared(plannedDense([1, slots], type), shape, runOf(given, slots), given.seed ?? 0);
  },
  // Slots that no weight falls on are zeros, of which a later step may store fewer than planned.
  estimates(leaf, given) {
    const slots = slotsFor(leaf, given);
    return typeof slots === 'number' && runOf(given, slots) < slots;
  },
  predict(leaf, given) {
    const slots = slotsFor(leaf, given);
    return typeof slots === 'number' ? errorOf(leaf, slots, given) : undefined;
  },
  apply,
  advice(leaf, given) {
    const slots = slotsFor(leaf, given);
    if (typeof slots === 'object') return [];
    const each = elements(leaf.shape) / slots;
    const even = runOf(given, slots) === slots ? `√(1 − 1/${each.toFixed(1)}) = ` : '';
    return [
      `${each.toFixed(1)} weights share a number: after training that leaves a relative error of ${even}${errorOf(leaf, slots, given).toFixed(2)}, whatever the weights. It is where training under sharing begins, not a result.`,
      'To share by value, so that what is alike goes together, take cluster.',
      'Saves storage, not time: the dense weight is rebuilt when the model loads.',
    ];
  },
  picture: ({ after }) => slotsOf(after),
};

/** How many weights stay together. */
const runOf = ({ chunk = Number.POSITIVE_INFINITY }: ShareOptions, slots: number): number => Math.min(chunk, slots);

/**
 * The mean of n unrelated weights of one variance keeps 1/n of their energy, so that all used slots together keep (used
 * slots)/(weights). A run misses a slot with probability 1 − run/slots.
 */
function errorOf({ shape, type }: Dense, slots: number, given: ShareOptions): number {
  const count = elements(shape);
  const run = runOf(given, slots);
  const kept = (slots / count) * (1 - (1 - run / slots) ** (count / run));
  const rounding = type === 'float16' ? HALF_ROUNDING * Math.sqrt(kept) : 0;
  return Math.hypot(Math.sqrt(1 - kept), rounding);
}

/** As many slots as fit into the size. */
function slotsFor({ shape, type, bytes }: Dense, { size }: ShareOptions): number | Skipped {
  const room = size * bytes;
  const slots = Math.floor((room - BESIDE_SLOTS) / BYTES_OF[type]);
  if (slots < 1) return { skipped: `not one number fits into ${Math.floor(room)} bytes` };
  return slots < elements(shape) ? slots : { skipped: 'would not get smaller: there would be a slot for each weight' };
}

async function apply(leaf: Dense, given: ShareOptions, context: MethodContext): Promise<Outcome> {
  const slots = slotsFor(leaf, given);
  if (typeof slots === 'object') return slots;
  const { shape, type } = leaf;
  const seed = (given.seed ?? context.seed) >>> 0;
  const [rows, columns] = matrixOf(shape);
  const run = runOf(given, slots);
  const values = await leaf.toDense();
  const { slotOf, signOf } = sharing({ rows, columns, run, seed }, slots);
  const sums = new Float64Array(slots);
  const counts = new Uint32Array(slots);
  const pacer = new Pacer(context.signal);
  context.onProgress?.({ done: 0, total: rows, label: 'Slots' });
  context.signal?.throwIfAborted();
  let energy = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      const slot = slotOf(at);
      sums[slot]! += signOf(row, column) * values[at]!;
      counts[slot]! += 1;
      energy += values[at]! ** 2;
    }
    if (pacer.due) {
      context.onProgress?.({ done: row, total: rows, label: 'Slots' });
      await pacer.breathe();
    }
  }
  const means = Float32Array.from(sums, (sum, slot) => sum / Math.max(1, counts[slot]!));
  const operator = shared(denseOf([1, slots], type, means), shape, run, seed);
  return { operator, ...(energy > 0 && { predicted: errorOf(leaf, slots, given) }) };
}
