import type { Random } from '../../src/engine/core/random';
import { node, tensor } from '../../src/engine/model/onnx/build';
import type { Network, Parameter } from './network';

/** What one layer is, for the table in the sample's README. */
export interface LayerRow {
  readonly node: string;
  readonly weight: readonly number[];
  readonly output: string;
}

export const FASHION_LAYERS: readonly LayerRow[] = [
  { node: '/features/conv1/Conv', weight: [16, 1, 3, 3], output: '16 × 28 × 28, halved by average pooling' },
  { node: '/features/conv2/Conv', weight: [48, 16, 3, 3], output: '48 × 14 × 14, halved by average pooling' },
  { node: '/features/conv3/Conv', weight: [40, 48, 1, 1], output: '40 × 7 × 7, flattened to 1960' },
  { node: '/classifier/fc1/Gemm', weight: [512, 1960], output: '512' },
  { node: '/classifier/fc2/MatMul', weight: [512, 256], output: '256' },
  { node: '/classifier/fc3/Gemm', weight: [10, 256], output: '10 logits' },
];

/**
 * A classifier of 28 × 28 pictures in ten classes, freshly initialised (He: normal, variance 2/fan-in; biases 0).
 * It takes raw grey values 0…255 and scales them itself by `mean` and `deviation`, in grey values. The dense layers
 * mix the conventions of real exports: Gemm with transB, whose weight is [out, in], and MatMul with Add, [in, out].
 */
export function fashionNetwork(mean: number, deviation: number, source: Random): Network {
  const parameters: Parameter[] = [];
  const declare = (layer: string, dims: readonly number[], fanIn: number, outputs: number) => {
    const length = dims.reduce((product, size) => product * size, 1);
    const scale = Math.sqrt(2 / fanIn);
    parameters.push(
      { name: `${layer}.weight`, dims, values: Float32Array.from({ length }, () => scale * source.normal()) },
      { name: `${layer}.bias`, dims: [outputs], values: new Float32Array(outputs) },
    );
    return [`${layer}.weight`, `${layer}.bias`];
  };

  const nodes: Network['nodes'][number][] = [];
  const add = (name: string, inputs: readonly string[], attributes: Parameters<typeof node>[3] = {}) => {
    const output = `${name}_output_0`;
    nodes.push(node(name.slice(name.lastIndexOf('/') + 1), inputs, [output], attributes, { name }));
    return output;
  };
  const conv = (name: string, input: string, out: number, into: number, size: number) => {
    const weights = declare(`features.${name}`, [out, into, size, size], into * size * size, out);
    const pad = (size - 1) / 2;
    const shape = { kernel_shape: [size, size], strides: [1, 1], pads: [pad, pad, pad, pad] };
    return add(`/features/${name}/Conv`, [input, ...weights], shape);
  };
  const gemm = (name: string, input: string, out: number, into: number) =>
    add(`/classifier/${name}/Gemm`, [input, ...declare(`classifier.${name}`, [out, into], into, out)], { transB: 1 });
  const halve = { kernel_shape: [2, 2], strides: [2, 2] };

  let x = add('/preprocess/Sub', ['image', 'preprocess.mean']);
  x = add('/preprocess/Div', [x, 'preprocess.deviation']);
  x = add('/features/relu1/Relu', [conv('conv1', x, 16, 1, 3)]);
  x = add('/features/pool1/AveragePool', [x], halve);
  x = add('/features/relu2/Relu', [conv('conv2', x, 48, 16, 3)]);
  x = add('/features/pool2/AveragePool', [x], halve);
  x = add('/features/relu3/Relu', [conv('conv3', x, 40, 48, 1)]);
  x = add('/classifier/Flatten', [x], { axis: 1 });
  x = add('/classifier/relu1/Relu', [gemm('fc1', x, 512, 1960)]);
  const [weight, bias] = declare('classifier.fc2', [512, 256], 512, 256);
  x = add('/classifier/fc2/Add', [add('/classifier/fc2/MatMul', [x, weight]), bias]);
  x = add('/classifier/relu2/Relu', [x]);
  gemm('fc3', x, 10, 256);
  nodes[nodes.length - 1].output[0] = 'logits';

  return {
    name: 'fashion-mnist',
    nodes,
    parameters,
    constants: [
      tensor('preprocess.mean', [], Float32Array.of(mean)),
      tensor('preprocess.deviation', [], Float32Array.of(deviation)),
    ],
    input: { name: 'image', dims: [1, 28, 28] },
    output: { name: 'logits', classes: 10 },
  };
}
