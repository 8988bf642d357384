import { create } from '@bufbuild/protobuf';
import { type GraphProto, GraphProtoSchema, ModelProtoSchema, type NodeProto, NodeProtoSchema } from 'onnx-buf';
import type { Layer, Use } from '../model/layers';
import type { Model } from '../model/model';
import { intOf } from '../model/onnx/attributes';
import { attribute, DataType, float, int64, node, value } from '../model/onnx/build';
import { Rewrite } from '../model/rewrite';
import type { Scope } from '../model/scopes';
import { ConstantStore } from '../operators/constants';
import { DEFAULT_EXPORT } from '../operators/forms';
import type { Operator } from '../operators/operator';
import { SPATIAL, SubgraphWriter } from '../operators/subgraph';

/** What a probe adds to the outputs of a model for one consumer of a layer. */
export interface Probe {
  readonly layer: Layer;
  /** Value that holds XᵀX, [in, in] (convolutions: of the unfolded input, [in·taps, in·taps]); or the indices of a Gather. */
  readonly gram?: string;
  readonly indices?: string;
  /** Whether this consumer applies Wᵀ, so that `gram` is over W's rows. */
  readonly flipped: boolean;
  /** Scalars: ‖XWᵀ‖² and ‖X(W−Ŵ)ᵀ‖², without bias. */
  readonly norm: string;
  readonly difference: string;
}

/** Above this, an unfolded input's XᵀX (85 MB at 4608²) costs more than it tells. */
export const LARGEST_GRAM = 2304;

/**
 * The model with probes in place of its outputs: run on calibration data, it says how far each layer's output moves when
 * its weight becomes `operators.get(layer)`, all other layers as they were. Consumers inside sub-graphs are left out, and
 * so are those whose input can't be laid out as a matrix.
 */
export async function probeModel(
  model: Model,
  main: Scope,
  operators: ReadonlyMap<Layer, Operator>,
): Promise<{ readonly model: Model; readonly probes: readonly Probe[] }> {
  const rewrite = new Rewrite(model, main);
  const probes: Probe[] = [];
  for (const [layer, operator] of operators) {
    const store = new ConstantStore(rewrite, layer);
    for (const use of layer.uses) {
      if (use.scope !== main || !isMatrixInput(layer, use)) continue;
      const written = writeProbe(rewrite, layer, use, operator, store, main);
      rewrite.replace(use.node, [use.node, ...written.nodes]);
      probes.push(written.probe);
    }
    await store.fill();
  }
  const changed = rewrite.finish();
  const outputs = probes.flatMap(({ gram, indices, norm, difference }) => [
    ...(gram === undefined ? [] : [value(gram, DataType.FLOAT)]),
    ...(indices === undefined ? [] : [value(indices, DataType.INT64)]),
    value(norm, DataType.FLOAT),
    value(difference, DataType.FLOAT),
  ]);
  const graph: GraphProto = Object.assign(create(GraphProtoSchema), changed.graph, { output: outputs });
  return {
    model: { ...changed, graph, proto: Object.assign(create(ModelProtoSchema), changed.proto, { graph }) },
    probes,
  };
}

/** MatMul with the weight on the left may have a stack of matrices on the right, whose rank the graph doesn't tell. */
function isMatrixInput(layer: Layer, use: Use): boolean {
  const [, inner, ...kernel] = layer.shape as [number, number, ...number[]];
  if (use.role!.kind === 'matmul' && use.input === 0) return false;
  return use.role!.kind === 'gather' || kernel.reduce((product, size) => product * size, inner) <= LARGEST_GRAM;
}

function writeProbe(rewrite: Rewrite, layer: Layer, use: Use, operator: Operator, store: ConstantStore, home: Scope) {
  const nodes: NodeProto[] = [];
  const emit = (op: string, inputs: string[], attributes: Parameters<typeof node>[3] = {}): string => {
    const name = rewrite.freshName(`carrara.probe/${layer.weight}/${op}`);
    nodes.push(node(op, inputs, [name], attributes, { name }));
    return name;
  };
  const asFloat = (name: string) => emit('Cast', [name], { to: DataType.FLOAT });
  const x = use.node.input[use.input === 0 ? 1 : 0]!;
  const flipped = use.transposed !== (layer.stored === 'transposed');

  // The bias moves neither difference nor direction; ‖XWᵀ‖ is meant without it.
  const copy = (name: string): NodeProto =>
    Object.assign(create(NodeProtoSchema), use.node, withoutBias(use.node), {
      name: rewrite.freshName(`carrara.probe/${name}`),
      output: [rewrite.freshName(`carrara.probe/${name}/output`)],
    });
  const dense = copy('dense');
  const factored = copy('factored');
  nodes.push(
    dense,
    ...new SubgraphWriter(rewrite, layer, { ...use, node: factored }, store, DEFAULT_EXPORT).writeAll(operator),
  );
  const y = asFloat(dense.output[0]!);
  const difference = emit('Sub', [y, asFloat(factored.output[0]!)]);
  const scalars = {
    norm: emit('ReduceSumSquare', [y], { keepdims: 0 }),
    difference: emit('ReduceSumSquare', [difference], { keepdims: 0 }),
  };
  if (use.role!.kind === 'gather') {
    const indices = emit('Cast', [x], { to: DataType.INT64 });
    return { nodes, probe: { layer, flipped, indices, ...scalars } };
  }
  const shape = (name: string, dims: number[]) => {
    const fresh = rewrite.freshName(name);
    const stored = int64(fresh, dims);
    rewrite.addConstant(home, fresh, [dims.length], DataType.INT64, stored.rawData);
    return fresh;
  };
  return { nodes, probe: { layer, flipped, gram: writeGram(), ...scalars } };

  function writeGram(): string {
    if (use.role!.kind === 'conv') {
      const [, inner, ...kernel] = layer.shape as [number, number, ...number[]];
      const taps = kernel.reduce((product, size) => product * size, 1);
      // A convolution with one-hot kernels unfolds the input: channel c·taps + k is channel c seen through tap k.
      const hot = rewrite.freshName('carrara.probe/unfold');
      rewrite.addConstant(
        home,
        hot,
        [inner * taps, inner, ...kernel],
        DataType.FLOAT,
        new Uint8Array(oneHot(inner, taps).buffer),
      );
      const unfolded = rewrite.freshName('carrara.probe/unfolded');
      const unfold = node('Conv', [asFloat(x), hot], [unfolded], {}, { name: unfolded });
      unfold.attribute = [
        attribute('kernel_shape', kernel),
        ...use.node.attribute.filter(({ name }) => SPATIAL.has(name)),
      ];
      nodes.push(unfold);
      const perm = [1, 0, ...kernel.map((_, i) => i + 2)];
      const channels = emit('Reshape', [
        emit('Transpose', [unfolded], { perm }),
        shape('carrara.probe/shape', [inner * taps, -1]),
      ]);
      return emit('MatMul', [channels, emit('Transpose', [channels], { perm: [1, 0] })]);
    }
    const width = layer.shape[flipped ? 0 : 1]!;
    const isLeft = use.input === 0;
    const turned = use.role!.kind === 'gemm' && intOf(use.node, isLeft ? 'transB' : 'transA', 0) === 1;
    // Rows are tokens: Gemm's W·X has them as columns.
    const matrix = isLeft !== turned ? emit('Transpose', [asFloat(x)], { perm: [1, 0] }) : asFloat(x);
    const rows = emit('Reshape', [matrix, shape('carrara.probe/shape', [-1, width])]);
    return emit('MatMul', [emit('Transpose', [rows], { perm: [1, 0] }), rows]);
  }
}

/** A node's inputs and attributes without its bias; Gemm needs the input before opset 11, so it is scaled by 0 there. */
function withoutBias({ opType, input, attribute: attributes }: NodeProto): Pick<NodeProto, 'input' | 'attribute'> {
  if (opType !== 'Gemm') return { input: input.slice(0, 2), attribute: attributes };
  const others = attributes.filter(({ name }) => name !== 'beta');
  return { input, attribute: [...others, attribute('beta', float(0))] };
}

/** [inner·taps, inner, taps] with a one at (c·taps + k, c, k). */
function oneHot(inner: number, taps: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(inner * taps * inner * taps);
  for (let c = 0; c < inner; c++) for (let k = 0; k < taps; k++) out[((c * taps + k) * inner + c) * taps + k] = 1;
  return out;
}
