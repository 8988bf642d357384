import type { SharedForm } from '../../weightForm';

function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Twin of sharedVector.wgsl and sharedTile.wgsl: the weights that the slots stand for. */
export function shared({ rows, columns, slots, scale, offset, seed }: SharedForm): Float64Array {
  const count = slots.length;
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const i = offset + at;
    const slot = ((mix(Math.floor(i / count) ^ seed) % count) + (i % count)) % count;
    const sign = (mix(Math.floor(i / 32) ^ seed ^ 0x9e3779b9) >>> (i % 32)) & 1 ? -1 : 1;
    return scale * sign * slots[slot]!;
  });
}
