import { nodeRuntime } from '../../runtime/node';
import { Calibration } from '../calibration/calibration';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import type { Dataset } from '../evaluation/dataset';
import { openModel } from '../evaluation/openModel';
import { Factorisations } from '../methods/factorisations';
import { layersIn } from '../model/layers';
import { readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';

const WIDTHS = [24, 64, 96, 64, 10];

const random = seeded(5);
const normals = (count: number, scale: number) => Float32Array.from({ length: count }, () => scale * random.normal());

/**
 * A network of four layers whose weights matter differently: the second is of low rank, the third of small effect.
 */
export function smallNetwork(): Uint8Array {
  const weights = WIDTHS.slice(1).map((width, i) => {
    const inputs = WIDTHS[i]!;
    if (i !== 1) return normals(inputs * width, (i === 2 ? 0.3 : 1) / Math.sqrt(inputs));
    const [left, right] = [normals(inputs * 6, 1), normals(6 * width, 1 / Math.sqrt(6 * inputs))];
    return Float32Array.from({ length: inputs * width }, (_, at) => {
      let sum = 0.02 * random.normal();
      for (let k = 0; k < 6; k++) sum += left[Math.floor(at / width) * 6 + k]! * right[k * width + (at % width)]!;
      return sum;
    });
  });
  return modelBytes({
    nodes: weights.flatMap((_, i) => [
      node('MatMul', [i === 0 ? 'x' : `h${i - 1}`, `w${i}`], [i === 3 ? 'logits' : `z${i}`], {}, { name: `layer${i}` }),
      ...(i < 3 ? [node('Relu', [`z${i}`], [`h${i}`])] : []),
    ]),
    inputs: [value('x', DataType.FLOAT, ['n', WIDTHS[0]!])],
    outputs: [value('logits', DataType.FLOAT, ['n', 10])],
    initializers: weights.map((values, i) => tensor(`w${i}`, [WIDTHS[i]!, WIDTHS[i + 1]!], values)),
  });
}

/** What a search of the network needs, with data without labels. */
export async function smallSearch(samples = 64) {
  const model = await readModel(memorySource(smallNetwork(), 'small.onnx'));
  const runtime = nodeRuntime();
  const dataOf = (name: string, count: number): Dataset => ({
    name,
    samples: count,
    generated: false,
    fields: [
      {
        input: { name: 'x', type: 'float32', shape: ['n', WIDTHS[0]!] },
        array: { type: 'float32', dims: [count, WIDTHS[0]!], data: normals(count * WIDTHS[0]!, 1) },
        stacked: false,
      },
    ],
  });
  const calibration = new Calibration({
    dataset: dataOf('calibration.npz', 64),
    open: (one) => openModel(one, runtime),
  });
  const backend = createCpuBackend(runtime);
  return {
    model,
    backend,
    context: {
      given: layersIn(model),
      factorisations: new Factorisations(backend),
      calibration,
      dataset: dataOf('test.npz', samples),
      runtime,
      provider: 'cpu' as const,
      program: '0.1.0',
    },
  };
}
