import type { SharedForm } from '../../weightForm';

type Hashed = Pick<SharedForm, 'rows' | 'columns' | 'offset' | 'seed'>;

function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Where each run of `count` weights begins among the slots, for the runs that a form's weights lie in. */
export function shiftsOf({ rows, columns, offset, seed }: Hashed, count: number): Int32Array<ArrayBuffer> {
  const first = Math.floor(offset / count);
  const length = Math.ceil((offset + rows * columns) / count) - first;
  return Int32Array.from({ length }, (_, run) => mix((first + run) ^ seed) % count);
}

/** 1 or −1 for each row and each column. */
export function signsOf({ rows, columns, offset, seed }: Hashed) {
  const sign = (bit: number) => 1 - 2 * bit;
  return {
    rows: Int8Array.from({ length: rows }, (_, row) => sign(mix((offset + row * columns) ^ seed ^ 0x7f4a7c15) & 1)),
    columns: Int8Array.from({ length: columns }, (_, k) =>
      sign((mix(Math.floor(k / 32) ^ seed ^ 0x9e3779b9) >>> (k % 32)) & 1),
    ),
  };
}

/** Twin of sharedVector.wgsl and sharedTile.wgsl: the weights that the slots stand for. */
export function shared(form: SharedForm): Float64Array {
  const { rows, columns, slots, scale, offset } = form;
  const count = slots.length;
  const shifts = shiftsOf(form, count);
  const signs = signsOf(form);
  const firstRun = Math.floor(offset / count);
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const i = offset + at;
    const slot = (shifts[Math.floor(i / count) - firstRun]! + (i % count)) % count;
    return scale * signs.rows[Math.floor(at / columns)]! * signs.columns[at % columns]! * slots[slot]!;
  });
}
