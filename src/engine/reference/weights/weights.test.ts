import { expect, it } from 'vitest';
import { nmOf } from '../../sparsity';
import { perChannel } from '../../weightForm';
import { quantized } from './quantized';
import { shared } from './shared';
import { tensorTrain } from './tensorTrain';

it('reads low nibbles first, and zero points of a row padded to a byte', () => {
  const codes = new Uint8Array(16);
  codes.set([0x21, 0x43], 0);
  codes.set([0x0f], 8);
  const scales = Float32Array.of(2, 1);
  const form = { kind: 'quantized', rows: 2, columns: 4, bits: 4, blockSize: 16, codes, scales } as const;
  expect([...quantized(form)]).toEqual([-14, -12, -10, -8, 7, -8, -8, -8]);
  expect([...quantized({ ...form, zeroPoints: Uint8Array.of(0xf1, 0xf0) })]).toEqual([0, 2, 4, 6, 15, 0, 0, 0]);
});

it('spreads the weights evenly over the slots, each run of them a circular shift', () => {
  const slots = Float32Array.from({ length: 12 }, (_, slot) => slot + 1);
  const form = { kind: 'shared', rows: 5, columns: 12, slots, run: 12, scale: 1, offset: 24, seed: 3 } as const;
  const weights = shared(form);
  for (let row = 0; row < 5; row++) {
    const places = [...weights.subarray(row * 12, row * 12 + 12)].map((weight) => Math.abs(weight) - 1);
    expect(places).toEqual(places.map((_, i) => (places[0]! + i) % 12));
  }
  expect(new Set(weights.map(Math.sign))).toEqual(new Set([-1, 1]));
  // A layer that lies elsewhere among the sharers gets the slots of its place; signs go by row.
  expect([...shared({ ...form, rows: 1, offset: 36 }).map(Math.abs)]).toEqual([
    ...weights.subarray(12, 24).map(Math.abs),
  ]);
  // Shorter runs are pieces of the circle, each at its own place.
  const pieces = [...shared({ ...form, run: 4 })].map((weight) => Math.abs(weight) - 1);
  for (let i = 0; i < 60; i += 4)
    expect(pieces.slice(i, i + 4)).toEqual([0, 1, 2, 3].map((k) => (pieces[i]! + k) % 12));
});

it('is the Kronecker product where all bonds are 1', () => {
  const [a, b] = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(1, -1)];
  const form = { kind: 'tensorTrain', out: [3, 1], in: [2, 2], bonds: [1], cores: [a, b] } as const;
  expect([...tensorTrain(form)]).toEqual([1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6, -6]);
});

it('tells where a weight keeps more than n of m', () => {
  expect(() => nmOf(Float32Array.of(0, 1, 0, 0, 1, 1), 1, 6, 1, 4)).toThrow(
    'Row 0 has more than 1 of 4 values at column 4',
  );
});

it('reads symmetric int8 with one scale per row as blocks of a whole row', () => {
  const codes = Int8Array.of(-128, 0, 127, 5, -6, 1, 2, 3, 4, -5);
  const form = perChannel(codes, Float32Array.of(0.5, 2), 2, 5);
  expect([...quantized(form)]).toEqual([-64, 0, 63.5, 2.5, -3, 2, 4, 6, 8, -10]);
});
