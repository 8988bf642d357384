import { DataType, modelBytes, node, tensor, value } from '../engine/model/onnx/build';
import type { HostTensor, Provider, Runtime } from '../engine/runtime';

/** A weight that is rebuilt from codes, [64, 64]: folded while the model loads, or computed in each run where it is lean. */
const rebuilt = {
  bytes: modelBytes({
    nodes: [
      node('Cast', ['codes'], ['numbers'], { to: DataType.FLOAT }),
      node('Mul', ['numbers', 'scale'], ['w']),
      node('MatMul', ['x', 'w'], ['y']),
    ],
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: [
      tensor(
        'codes',
        [64, 64],
        Int8Array.from({ length: 64 * 64 }, (_, i) => (i * 37) % 255),
      ),
      tensor('scale', [], Float32Array.of(1 / 64)),
    ],
  }),
  externalData: [],
};

/** The outputs of the same model, opened as users do and lean. */
export async function bothWays(runtime: Runtime, provider: Provider): Promise<HostTensor[]> {
  const x: HostTensor = { type: 'float32', dims: [2, 64], data: Float32Array.from({ length: 128 }, (_, i) => i % 7) };
  const outputs: HostTensor[] = [];
  for (const lean of [false, true]) {
    const session = await runtime.open(rebuilt, provider, { lean });
    outputs.push((await session.run({ x })).y!);
    await session.release();
  }
  return outputs;
}
