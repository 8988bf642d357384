import { z } from 'zod';
import { denseOf, HALF_ROUNDING, plannedDense } from '../operators/dense';
import { BYTES_OF, type Dense, elements } from '../operators/operator';
import { placesBytes, plannedPlaces, shared, sharedPlaces } from '../operators/shared';
import { Pacer } from '../progress';
import { shiftsOf, signsOf } from '../reference/weights/shared';
import type { Method, MethodContext, Outcome, Skipped } from './method';
import { share as shareOf, whole } from './options';

const options = z.strictObject({
  size: shareOf({ title: 'Size', help: 'stored bytes after over before', initial: 0.5 }),
  seed: whole(0, 2 ** 32 - 1, {
    title: 'Seed',
    help: "which weights share a slot; the recipe's where it is not given",
    range: [0, 1000],
  }).optional(),
});

export type ShareOptions = z.infer<typeof options>;

/**
 * Hash-shared weights (HashedNets by Chen et al. 2015; ROAST and STABLE-RPS by Desai and Shrivastava): every run of as many
 * weights as there are slots is one circular shift of them. Runs as long as the slots load every slot alike, with c
 * weights each; shorter ones would fall on them at random, leave some empty, and err by √(1 − (1 − e^(−c))/c) in place of
 * √(1 − 1/c): at c = 2 .753 in place of .707.
 *
 * After training, a slot takes the least squares value, the mean of its weights times their signs. Weights that a hash
 * brings together have nothing in common, so that the error is the same whatever they are.
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
    return shared(plannedDense([1, slots], type), shape, plannedPlaces(shape, slots), 0);
  },
  predict(leaf, given) {
    const slots = slotsFor(leaf, given);
    return typeof slots === 'number' ? errorOf(leaf, slots) : undefined;
  },
  apply,
  advice(leaf, given) {
    const slots = slotsFor(leaf, given);
    if (typeof slots === 'object') return [];
    const each = leaf.parameters / slots;
    return [
      `${each.toFixed(1)} weights share a number: after training that leaves a relative error of √(1 − 1/${each.toFixed(1)}) = ${errorOf(leaf, slots).toFixed(2)}, whatever the weights. It is where training under sharing begins, not a result.`,
      'To share by value, so that what is alike goes together, take cluster.',
      'Saves storage, not time: the dense weight is rebuilt when the model loads.',
    ];
  },
};

/** √(1 − 1/c), c = weights/slots: of c weights of one variance and no relation their mean keeps a c-th. */
function errorOf({ parameters, type }: Dense, slots: number): number {
  const kept = slots / parameters;
  const rounding = type === 'float16' ? HALF_ROUNDING * Math.sqrt(kept) : 0;
  return Math.hypot(Math.sqrt(1 - kept), rounding);
}

/** As many slots as the size has room for, beside shifts and signs. */
function slotsFor({ shape, type, bytes }: Dense, { size }: ShareOptions): number | Skipped {
  const room = size * bytes;
  // More slots need fewer shifts: the largest number that fits is found from above.
  let slots = Math.floor(room / BYTES_OF[type]);
  const over = () => slots * BYTES_OF[type] + placesBytes(shape, slots) - room;
  while (slots > 0 && over() > 0) slots -= Math.ceil(over() / BYTES_OF[type]);
  if (slots < 1) {
    return { skipped: `its signs and shifts alone would store more than ${Math.floor(room)} bytes` };
  }
  return slots < elements(shape) ? slots : { skipped: 'would not get smaller: there would be a slot for each weight' };
}

async function apply(leaf: Dense, given: ShareOptions, context: MethodContext): Promise<Outcome> {
  const slots = slotsFor(leaf, given);
  if (typeof slots === 'object') return slots;
  const { shape, type } = leaf;
  const seed = (given.seed ?? context.seed) >>> 0;
  const [rows, columns] = [shape[0]!, elements(shape.slice(1))];
  const values = await leaf.toDense();
  const hashed = { rows, columns, offset: 0, seed };
  const shifts = shiftsOf(hashed, slots);
  const signs = signsOf(hashed);
  const sums = new Float64Array(slots);
  const counts = new Uint32Array(slots);
  const pacer = new Pacer(context.signal);
  context.onProgress?.({ done: 0, total: rows, label: 'Slots' });
  context.signal?.throwIfAborted();
  let energy = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0, at = row * columns; column < columns; column++, at++) {
      const slot = (shifts[Math.floor(at / slots)]! + (at % slots)) % slots;
      sums[slot]! += signs.rows[row]! * signs.columns[column]! * values[at]!;
      counts[slot]! += 1;
      energy += values[at]! ** 2;
    }
    if (pacer.due) {
      context.onProgress?.({ done: row, total: rows, label: 'Slots' });
      await pacer.breathe();
    }
  }
  const means = Float32Array.from(sums, (sum, slot) => sum / counts[slot]!);
  const operator = shared(denseOf([1, slots], type, means), shape, sharedPlaces(shape, slots, seed), seed);
  return { operator, ...(energy > 0 && { predicted: errorOf(leaf, slots) }) };
}
