import type { NodeProto, TensorProto } from 'onnx-buf';
import { type AttributeValue, int64, node, scalar, tensor } from '../../src/engine/model/onnx/build';

/** What a rule may do: read its node, emit nodes, and hand gradients to its node's inputs. */
interface RuleContext {
  readonly node: NodeProto;
  /** ∂L/∂output, of the output's shape. */
  readonly upstream: string;
  /** Emits a node and returns its output. */
  add(op: string, inputs: readonly string[], attributes?: Readonly<Record<string, AttributeValue>>): string;
  constant(make: (name: string) => TensorProto): string;
  /** Emits ∂L/∂input, where that gradient leads to a wanted one. */
  give(input: number, gradient: () => string): void;
}

const SWAP_SAMPLES_AND_CHANNELS = { perm: [1, 0, 2, 3] };

/** One rule per operator of the samples' networks. L is the scalar loss, dY its gradient by the node's output. */
const RULES: Readonly<Record<string, (context: RuleContext) => void>> = {
  // dX is the transposed convolution of dY with W. dW[o, i] = Σₙ X[n, i] ⋆ dY[n, o] is a convolution again, in which
  // samples and channels have changed places.
  Conv({ node, upstream, add, constant, give }) {
    expectAttributes(node, { group: 1, dilations: [1, 1], strides: [1, 1] });
    const [x, w] = node.input;
    const pads = attributeOf(node, 'pads') ?? [0, 0, 0, 0];
    const swap = (value: string) => add('Transpose', [value], SWAP_SAMPLES_AND_CHANNELS);
    give(0, () => add('ConvTranspose', [upstream, w], { pads }));
    give(1, () => swap(add('Conv', [swap(x), swap(upstream)], { pads })));
    give(2, () => add('ReduceSum', [upstream, constant((name) => int64(name, [0, 2, 3]))], { keepdims: 0 }));
  },
  // Windows that tile the input: each of a window's pixels gets an equal share of its mean's gradient.
  AveragePool({ node, upstream, add, constant, give }) {
    const kernel = attributeOf(node, 'kernel_shape') ?? [];
    expectAttributes(node, { strides: kernel, pads: [0, 0, 0, 0], ceil_mode: 0 });
    const [height, width] = kernel;
    give(0, () => {
      const share = add('Mul', [upstream, constant((name) => scalar(name, 1 / (height * width)))]);
      const scales = constant((name) => tensor(name, [4], Float32Array.of(1, 1, height, width)));
      return add('Resize', [share, '', scales], {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      });
    });
  },
  // The output's sign is 1 where the input was positive and 0 elsewhere; as nodes it is cheaper than a comparison.
  Relu({ node, upstream, add, give }) {
    give(0, () => add('Mul', [upstream, add('Sign', [node.output[0]])]));
  },
  Flatten({ node, upstream, add, give }) {
    give(0, () => add('Reshape', [upstream, add('Shape', [node.input[0]])]));
  },
  // Y = X·W + b, or X·Wᵀ + b with transB.
  Gemm({ node, upstream, add, constant, give }) {
    expectAttributes(node, { transA: 0, alpha: 1, beta: 1 });
    const [x, w] = node.input;
    const transB = attributeOf(node, 'transB')?.[0] ?? 0;
    give(0, () => add('Gemm', [upstream, w], { transB: 1 - transB }));
    give(1, () => add('Gemm', transB ? [upstream, x] : [x, upstream], { transA: 1 }));
    give(2, () => add('ReduceSum', [upstream, constant((name) => int64(name, [0]))], { keepdims: 0 }));
  },
  // The product of two matrices.
  MatMul({ node, upstream, add, give }) {
    const [x, w] = node.input;
    give(0, () => add('Gemm', [upstream, w], { transB: 1 }));
    give(1, () => add('Gemm', [x, upstream], { transA: 1 }));
  },
  // A bias vector, added to each row of a matrix.
  Add({ upstream, add, constant, give }) {
    give(0, () => upstream);
    give(1, () => add('ReduceSum', [upstream, constant((name) => int64(name, [0]))], { keepdims: 0 }));
  },
};

export interface Gradients {
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
  /** Name of ∂L/∂value for each wanted value. */
  readonly of: ReadonlyMap<string, string>;
}

/**
 * Reverse-mode differentiation as nodes: given the forward `nodes` in topological order and ∂L/∂`output` as the value
 * `seed`, the nodes that compute ∂L/∂v for each v in `wanted`. Only what leads to a wanted value is emitted. Throws an
 * Error for an operator or an attribute without a rule, for a value with several consumers, and for a wanted value
 * that the output does not depend on.
 */
export function gradients(
  forward: readonly NodeProto[],
  output: string,
  seed: string,
  wanted: readonly string[],
): Gradients {
  const leads = new Set(wanted);
  for (const { input, output } of forward) if (input.some((name) => leads.has(name))) leads.add(output[0]);

  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [];
  const of = new Map([[output, seed]]);
  for (const step of [...forward].reverse()) {
    const upstream = of.get(step.output[0]);
    if (upstream === undefined || !leads.has(step.output[0])) continue;
    const rule = RULES[step.opType];
    if (!rule) throw new Error(`There is no gradient rule for ${step.opType}.`);
    rule({
      node: step,
      upstream,
      add(op, inputs, attributes) {
        const name = `gradient/${nodes.length}/${op}`;
        nodes.push(node(op, inputs, [name], attributes));
        return name;
      },
      constant(make) {
        const made = make(`gradient/constant/${constants.length}`);
        constants.push(made);
        return made.name;
      },
      give(input, gradient) {
        const name = step.input[input];
        if (!leads.has(name)) return;
        if (of.has(name)) throw new Error(`${name} has several consumers; its gradients would have to be summed.`);
        of.set(name, gradient());
      },
    });
  }
  const missing = wanted.find((name) => !of.has(name));
  if (missing !== undefined) throw new Error(`${output} does not depend on ${missing}.`);
  return { nodes, constants, of: new Map(wanted.map((name) => [name, of.get(name)!])) };
}

function attributeOf({ attribute }: NodeProto, name: string): number[] | undefined {
  const found = attribute.find((candidate) => candidate.name === name);
  if (!found) return undefined;
  if (found.ints.length > 0) return found.ints.map(Number);
  return [found.f !== 0 ? found.f : Number(found.i)];
}

/** Holds each attribute that is present against the only value its rule covers. */
function expectAttributes(step: NodeProto, covered: Readonly<Record<string, number | readonly number[]>>): void {
  for (const [name, only] of Object.entries(covered)) {
    const actual = attributeOf(step, name);
    if (actual && String(actual) !== String(only)) {
      throw new Error(`The gradient rule for ${step.opType} covers ${name} = ${only}, not ${actual}.`);
    }
  }
}
