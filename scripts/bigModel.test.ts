import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { toNumbers } from '../src/engine/evaluation/convert';
import { fromOrt } from '../src/runtime/tensors';
import { writeBigModel } from './bigModel';

test.each([false, true])('a model of the wanted size that onnxruntime runs, in half precision: %s', async (half) => {
  const folder = await mkdtemp(join(tmpdir(), 'carrara-big-'));
  try {
    const wanted = 4e6;
    const { model, data, blocks, parameters } = await writeBigModel(folder, {
      bytes: wanted,
      width: 128,
      vocabulary: 1000,
      half,
    });
    const bytes = half ? 2 : 4;
    const perBlock = bytes * (12 * 128 * 128 + 13 * 128);
    expect(blocks).toBe(half ? 9 : 4);
    expect(Math.abs(parameters * bytes - wanted)).toBeLessThan(perBlock);
    // Padding to pages comes on top of the weights; the biases are in the graph.
    expect((await stat(data)).size).toBeGreaterThan(parameters * bytes * 0.98);

    const session = await InferenceSession.create(model);
    const ids = BigInt64Array.from({ length: 14 }, (_, i) => BigInt((i * 37) % 1000));
    const { logits } = await session.run({ input_ids: new Tensor('int64', ids, [2, 7]) });
    await session.release();
    expect(logits.dims).toEqual([2, 2]);
    const values = Array.from(toNumbers(await fromOrt('logits', logits)));
    expect(values.every(Number.isFinite)).toBe(true);
    // Two different sentences: equal rows would mean that the graph ignores its input.
    expect(Math.abs(values[0]! - values[2]!)).toBeGreaterThan(1e-4);
  } finally {
    await rm(folder, { recursive: true });
  }
});
