import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { memorySource } from '../engine/core/bytes';
import { readModel } from '../engine/model/model';
import { DataType, graph, modelBytes, node, tensor, value } from '../engine/model/onnx/build';
import { bytesOfFile, filesOf } from '../engine/model/write';

it('finds the weights of branches in the second file of a model by itself', async () => {
  const branch = (name: string, each: number) =>
    graph({
      name,
      inputs: [],
      outputs: [value(name, DataType.FLOAT)],
      nodes: [node('MatMul', ['x', 'w'], [name])],
      initializers: [tensor('w', [1024, 64], new Float32Array(65536).fill(each))],
    });
  const bytes = modelBytes({
    inputs: [value('x', DataType.FLOAT, ['n', 1024]), value('c', DataType.BOOL, [])],
    outputs: [value('y', DataType.FLOAT)],
    nodes: [node('If', ['c'], ['y'], { then_branch: branch('yes', 1), else_branch: branch('no', 2) })],
  });
  const model = await readModel(memorySource(bytes, 'model.onnx'));
  const folder = mkdtempSync(join(tmpdir(), 'carrara-split-'));
  try {
    for (const file of filesOf(model, 'out.onnx', {}, 4096))
      writeFileSync(join(folder, file.name), await bytesOfFile(file));
    const session = await InferenceSession.create(join(folder, 'out.onnx'));
    const x = new Tensor('float32', new Float32Array(1024).fill(1), [1, 1024]);
    for (const [c, sum] of [
      [1, 1024],
      [0, 2048],
    ] as const) {
      const { y } = await session.run({ x, c: new Tensor('bool', Uint8Array.of(c), []) });
      expect(y!.data).toEqual(new Float32Array(64).fill(sum));
    }
    await session.release();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
