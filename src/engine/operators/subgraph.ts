import { create } from '@bufbuild/protobuf';
import { type AttributeProto, type NodeProto, NodeProtoSchema } from 'onnx-buf';
import { transpose } from '../linalg/transpose';
import type { Layer, Use } from '../model/layers';
import { intOf } from '../model/onnx/attributes';
import { attribute, DataType, node } from '../model/onnx/build';
import type { Rewrite } from '../model/rewrite';
import { encodeFloats } from '../model/tensors';
import type { Dense, FloatType, LeafWriter, Mode, Operator, Stage } from './operator';

/** Attributes of Conv that say where the kernel goes; the other stages of a factored convolution are 1×1. */
export const SPATIAL = new Set(['strides', 'pads', 'dilations', 'auto_pad']);

const DATA_TYPE: Readonly<Record<FloatType, number>> = { float32: DataType.FLOAT, float16: DataType.FLOAT16 };

interface StoredLeaf {
  readonly name: string;
  readonly transposed: boolean;
  readonly dims: readonly number[];
}

/** The leaves of one layer's operator as constants of the model: each is stored once, however many consumers it has. */
export class LeafStore {
  readonly #leaves = new Map<Dense, StoredLeaf>();

  constructor(
    private readonly rewrite: Rewrite,
    private readonly layer: Layer,
  ) {}

  /** Names the leaf's constant; whoever asks first decides its orientation. */
  reserve(leaf: Dense, transposed: boolean, dims: readonly number[]): StoredLeaf {
    const known = this.#leaves.get(leaf);
    if (known) return known;
    const stored = {
      name: this.rewrite.freshName(`${this.layer.weight}.${this.#leaves.size + 1}`),
      transposed,
      dims: transposed ? [dims[1]!, dims[0]!] : dims,
    };
    this.#leaves.set(leaf, stored);
    return stored;
  }

  /** Puts the values of all reserved leaves into the model. */
  async fill(): Promise<void> {
    for (const [leaf, { name, transposed, dims }] of this.#leaves) {
      const values = await leaf.toDense();
      const oriented = transposed ? transpose(values, leaf.shape[0]!, leaf.shape[1]!) : values;
      this.rewrite.addConstant(
        this.layer.home,
        name,
        dims,
        DATA_TYPE[leaf.type],
        encodeFloats(oriented, DATA_TYPE[leaf.type]),
      );
    }
  }
}

/** Writes the nodes that replace one consumer of a layer. */
export class SubgraphWriter implements LeafWriter {
  readonly #nodes: NodeProto[] = [];
  #input = '';

  constructor(
    private readonly rewrite: Rewrite,
    private readonly layer: Layer,
    private readonly use: Use,
    private readonly store: LeafStore,
  ) {}

  /** The nodes that compute what `use.node` did, with `operator` as the weight. */
  writeAll(operator: Operator): readonly NodeProto[] {
    const { node: old, role } = this.use;
    this.#input = this.#oriented(old.input[this.use.input === 0 ? 1 : 0]!);
    // A consumer that wants the transpose of the layer's matrix applies Wᵀ.
    const flipped = this.use.transposed !== (this.layer.stored === 'transposed');
    operator.write(this, this.#input, modeOf(role!.kind, this.use.input, flipped), { last: true, spatial: true });
    return this.#nodes;
  }

  /** One dense matrix or kernel applied to `x`. */
  applyDense(leaf: Dense, x: string, mode: Mode, stage: Stage): string {
    const { node: old, role } = this.use;
    if (mode === 'conv') return this.#conv(leaf, x, stage);
    if (mode === 'gather' || mode === 'gatherTransposed') {
      return this.#emit('Gather', [this.#factor(leaf, mode === 'gatherTransposed'), x], old.attribute, stage);
    }
    const onRight = mode === 'rows' || mode === 'rowsTransposed';
    const wantsTransposed = mode === 'rows' || mode === 'columnsTransposed';
    if (role!.kind === 'gemm' && stage.last) {
      const flag = onRight && intOf(old, 'transB', 0) === 1;
      const weight = this.#factor(leaf, wantsTransposed !== flag);
      const kept = old.attribute.filter(({ name }) => name === 'alpha' || name === 'beta');
      const bias = old.input[2] ? [old.input[2]] : [];
      return this.#emit(
        'Gemm',
        [...(onRight ? [x, weight] : [weight, x]), ...bias],
        [...kept, ...(flag ? [attribute('transB', 1)] : [])],
        stage,
      );
    }
    const weight = this.#factor(leaf, wantsTransposed);
    return this.#emit('MatMul', onRight ? [x, weight] : [weight, x], [], stage);
  }

  #conv(leaf: Dense, x: string, stage: Stage): string {
    const old = this.use.node;
    const positions = this.layer.shape.length - 2;
    const kernel = leaf.shape.length > 2 ? leaf.shape.slice(2) : new Array<number>(positions).fill(1);
    const weight = this.#factor(leaf, false, [leaf.shape[0]!, leaf.shape[1]!, ...kernel]);
    const bias = stage.last && old.input[2] ? [old.input[2]] : [];
    const kept = stage.spatial ? old.attribute.filter(({ name }) => SPATIAL.has(name)) : [];
    return this.#emit('Conv', [x, weight, ...bias], [attribute('kernel_shape', kernel), ...kept], stage);
  }

  /** The consumer's other operand, transposed beforehand where a Gemm did so itself. */
  #oriented(x: string): string {
    const { node: old, role, input } = this.use;
    if (role!.kind !== 'gemm' || intOf(old, input === 0 ? 'transB' : 'transA', 0) === 0) return x;
    const name = this.rewrite.freshName(`${this.#base}/transposed`);
    this.#nodes.push(node('Transpose', [x], [name], { perm: [1, 0] }, { name }));
    return name;
  }

  #emit(op: string, inputs: readonly string[], attributes: readonly AttributeProto[], stage: Stage): string {
    const old = this.use.node;
    if (stage.last) {
      this.#nodes.push(
        Object.assign(create(NodeProtoSchema), old, { opType: op, input: [...inputs], attribute: [...attributes] }),
      );
      return old.output[0]!;
    }
    const name = this.rewrite.freshName(`${this.#base}/factor`);
    const made = node(op, inputs, [name], {}, { name });
    made.attribute = [...attributes];
    this.#nodes.push(made);
    return name;
  }

  /** The value of a leaf as this consumer needs it: stored once, turned or cast by nodes that the runtime folds. */
  #factor(leaf: Dense, transposed: boolean, dims: readonly number[] = leaf.shape): string {
    const stored = this.store.reserve(leaf, transposed, dims);
    let name = stored.name;
    const pass = (op: string, attributes: Parameters<typeof node>[3]) => {
      const next = this.rewrite.freshName(`${stored.name}/${op}`);
      this.#nodes.push(node(op, [name], [next], attributes, { name: next }));
      name = next;
    };
    if (stored.transposed !== transposed) pass('Transpose', { perm: [1, 0] });
    const { castTo } = this.use;
    if (castTo !== undefined && castTo !== DATA_TYPE[leaf.type]) pass('Cast', { to: castTo });
    return name;
  }

  get #base(): string {
    return this.use.node.name || this.layer.weight;
  }
}

function modeOf(kind: 'matmul' | 'gemm' | 'conv' | 'gather', input: number, flipped: boolean): Mode {
  if (kind === 'conv') return kind;
  if (kind === 'gather') return flipped ? 'gatherTransposed' : 'gather';
  if (input === 0) return flipped ? 'columnsTransposed' : 'columns';
  return flipped ? 'rowsTransposed' : 'rows';
}
