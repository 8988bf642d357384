import { sharing } from '../../sharing';
import type { SharedForm } from '../../weightForm';

/** Twin of sharedVector.wgsl and sharedTile.wgsl: the weights that the slots stand for. */
export function shared(form: SharedForm): Float64Array {
  const { rows, columns, slots, scale } = form;
  const { slotOf, signOf } = sharing(form, slots.length);
  return Float64Array.from(
    { length: rows * columns },
    (_, at) => scale * signOf(Math.floor(at / columns), at % columns) * slots[slotOf(at)]!,
  );
}
