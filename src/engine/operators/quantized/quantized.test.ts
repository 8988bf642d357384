import { expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import type { QuantizedArrays } from '../../backend/weights';
import { randomQuantized } from '../../backend/weights.fixtures';
import { seeded } from '../../core/random';
import { expectRuns, running } from '../export/running.fixtures';
import { quantizedOf } from './quantized';

const runtime = nodeRuntime();
const random = seeded(22);

it('decodes bytes as MatMulNBits lays them out: the low bits first, a row of zero points in whole bytes', async () => {
  const decoded = (bits: 2 | 4 | 8, columns: number, codes: number[], more: Partial<QuantizedArrays> = {}) =>
    quantizedOf([1, columns], 'float32', {
      bits,
      blockSize: 4,
      codes: Uint8Array.from(codes),
      scales: Float32Array.of(0.5),
      ...more,
    }).toDense();
  expect(await decoded(8, 4, [128, 0, 255, 129])).toEqual(Float32Array.of(0, -64, 63.5, 0.5));
  expect(await decoded(4, 4, [0x1f, 0x80])).toEqual(Float32Array.of(3.5, -3.5, -4, 0));
  // 0b11_10_01_00 holds 0, 1, 2, 3.
  expect(await decoded(2, 4, [0b11100100])).toEqual(Float32Array.of(-1, -0.5, 0, 0.5));
  // Two blocks of 16, the second one padded: zero points 1 and 15 in one byte.
  const two = { blockSize: 16, scales: Float32Array.of(1, 2), zeroPoints: Uint8Array.of(0xf1) };
  const codes = [...Array(8).fill(0x32), 0x76, ...Array(7).fill(0)];
  const first = Array(8).fill([1, 2]).flat();
  expect(await decoded(4, 18, codes, two)).toEqual(Float32Array.from([...first, -18, -16]));
});

it('decodes any bits, group and zero points, rounded once', async () => {
  for (let i = 0; i < 30; i++) {
    const [rows, columns] = [1 + random.below(9), 1 + random.below(150)];
    const form = randomQuantized(random, rows, columns);
    const { bits, blockSize, codes, scales, zeroPoints } = form;
    const blocks = Math.ceil(columns / blockSize);
    /** Rows of codes as long whole numbers, the first code in the lowest bits. */
    const rowsOf = (bytes: Uint8Array) =>
      Array.from({ length: rows }, (_, row) => {
        const own = bytes.subarray((row * bytes.length) / rows, ((row + 1) * bytes.length) / rows);
        return own.reduceRight((whole, byte) => (whole << 8n) | BigInt(byte), 0n);
      });
    const codeAt = (whole: bigint, at: number) => Number((whole >> BigInt(bits * at)) % (1n << BigInt(bits)));
    const [held, zeros] = [rowsOf(codes), zeroPoints && rowsOf(zeroPoints)];
    const expected = Float32Array.from({ length: rows * columns }, (_, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const block = Math.floor(column / blockSize);
      const zero = zeros ? codeAt(zeros[row]!, block) : { 2: 2, 4: 8, 8: 128 }[bits];
      return scales[row * blocks + block]! * (codeAt(held[row]!, column) - zero);
    });
    // 0 and −0 are one number: 0 times a negative scale.
    const plain = (values: Float32Array) => values.map((value) => value || 0);
    expect(plain(await quantizedOf([rows, columns], 'float32', form).toDense())).toEqual(plain(expected));
  }
});

it('rebuilds the very weights that it says, bit for bit, in every opset', async () => {
  for (let i = 0; i < 24; i++) {
    const [rows, columns] = [20 + random.below(20), 20 + random.below(100)];
    const operator = quantizedOf([rows, columns], 'float32', randomQuantized(random, rows, columns));
    for (const opset of [7, 9, 10, 11, 17, 21]) {
      for (const form of ['load', 'use'] as const) {
        // Rows by index are copies of the weight's.
        const run = await running(operator, 'Gather', { opset, choice: { aim: 'file', form } });
        await expectRuns(run, runtime, 'cpu', `${operator.form} [${rows}, ${columns}], ${form}, opset ${opset}`, 0);
      }
    }
  }
});
