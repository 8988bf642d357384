import type { NodeProto, TensorProto } from 'onnx-buf';
import { DataType, int64, modelBytes, node, scalar, value } from '../../src/engine/model/onnx/build';
import { gradients } from './gradients';
import type { Network } from './network';

/** Adam's usual constants: decay of the first and second moment, and the guard against division by zero. */
export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Names of a parameter's values in the step: what is fed, and what comes back for the next step's feeds. */
export const firstMoment = (parameter: string) => `${parameter}/m`;
export const secondMoment = (parameter: string) => `${parameter}/v`;
export const next = (name: string) => `${name}/next`;

/**
 * One step of training as an ordinary inference graph: forward, backward, AdamW. Inputs: the network's own (with
 * `batch` samples), `targets` [batch, classes] (one-hot rows), two scalars, `rate` = η·√(1−β₂ᵗ)/(1−β₁ᵗ) and
 * `decay` = η·λ, and each parameter with its moments. Outputs: `loss` (mean cross-entropy, in nats) and the new
 * parameters and moments under `next(name)`. Weights decay, biases do not.
 *
 *     m ← β₁m + (1−β₁)g     v ← β₂v + (1−β₂)g²     θ ← θ − decay·θ − rate·m/(√v + ε)
 */
export function trainingStep(network: Network, batch: number): Uint8Array<ArrayBuffer> {
  const { nodes: forward, parameters, constants, input, output } = network;
  const loss = crossEntropy(output.name, 'targets', batch);
  const { nodes: backward, ...gradient } = gradients(
    forward,
    output.name,
    loss.gradient,
    parameters.map(({ name }) => name),
  );
  const states = parameters.flatMap(({ name, dims }) =>
    [name, firstMoment(name), secondMoment(name)].map((state) => ({ state, dims })),
  );
  return modelBytes({
    nodes: [
      ...forward,
      ...loss.nodes,
      ...backward,
      ...parameters.flatMap(({ name, dims }) => adam(name, gradient.of.get(name)!, dims.length > 1)),
    ],
    inputs: [
      value(input.name, DataType.FLOAT, [batch, ...input.dims]),
      value('targets', DataType.FLOAT, [batch, output.classes]),
      value('rate', DataType.FLOAT, []),
      value('decay', DataType.FLOAT, []),
      ...states.map(({ state, dims }) => value(state, DataType.FLOAT, dims)),
    ],
    outputs: [
      value('loss', DataType.FLOAT, []),
      ...states.map(({ state, dims }) => value(next(state), DataType.FLOAT, dims)),
    ],
    initializers: [...constants, ...loss.constants, ...gradient.constants, ...adamConstants()],
  });
}

/**
 * Mean cross-entropy L = −(1/batch)·Σ targets·log softmax(logits) as the value `loss`, and its gradient by the logits,
 * (softmax(logits) − targets)/batch, which holds for rows of targets that sum to 1. `number` makes its scalars: float64
 * ones for gradient checks.
 */
export function crossEntropy(
  logits: string,
  targets: string,
  batch: number,
  number: (name: string, value: number) => TensorProto = scalar,
): { nodes: NodeProto[]; constants: TensorProto[]; gradient: string } {
  return {
    nodes: [
      node('LogSoftmax', [logits], ['loss/logSoftmax'], { axis: 1 }),
      node('Mul', [targets, 'loss/logSoftmax'], ['loss/picked']),
      node('ReduceSum', ['loss/picked', 'loss/axes'], ['loss/sum'], { keepdims: 0 }),
      node('Div', ['loss/sum', 'loss/minusBatch'], ['loss']),
      node('Exp', ['loss/logSoftmax'], ['loss/softmax']),
      node('Sub', ['loss/softmax', targets], ['loss/difference']),
      node('Div', ['loss/difference', 'loss/batch'], ['loss/gradient']),
    ],
    constants: [int64('loss/axes', [0, 1]), number('loss/minusBatch', -batch), number('loss/batch', batch)],
    gradient: 'loss/gradient',
  };
}

function adam(name: string, gradient: string, decays: boolean): NodeProto[] {
  const m = firstMoment(name);
  const v = secondMoment(name);
  const part = (label: string) => `${name}/adam/${label}`;
  return [
    node('Mul', [m, 'adam/beta1'], [part('oldM')]),
    node('Mul', [gradient, 'adam/1-beta1'], [part('newM')]),
    node('Add', [part('oldM'), part('newM')], [next(m)]),
    node('Mul', [gradient, gradient], [part('square')]),
    node('Mul', [v, 'adam/beta2'], [part('oldV')]),
    node('Mul', [part('square'), 'adam/1-beta2'], [part('newV')]),
    node('Add', [part('oldV'), part('newV')], [next(v)]),
    node('Sqrt', [next(v)], [part('root')]),
    node('Add', [part('root'), 'adam/epsilon'], [part('safe')]),
    node('Div', [next(m), part('safe')], [part('direction')]),
    node('Mul', [part('direction'), 'rate'], [part('step')]),
    ...(decays
      ? [
          node('Mul', [name, 'decay'], [part('decayed')]),
          node('Sub', [name, part('decayed')], [part('kept')]),
          node('Sub', [part('kept'), part('step')], [next(name)]),
        ]
      : [node('Sub', [name, part('step')], [next(name)])]),
  ];
}

const adamConstants = (): TensorProto[] => [
  scalar('adam/beta1', ADAM.beta1),
  scalar('adam/1-beta1', 1 - ADAM.beta1),
  scalar('adam/beta2', ADAM.beta2),
  scalar('adam/1-beta2', 1 - ADAM.beta2),
  scalar('adam/epsilon', ADAM.epsilon),
];
