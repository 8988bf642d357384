import type { AttributeProto, NodeProto } from 'onnx-buf';
import { biasOf, type Layer, operandOf, type Use } from '../../model/layers';
import { floatOf } from '../../model/onnx/attributes';
import { attribute, type node } from '../../model/onnx/build';
import type { Rewrite } from '../../model/rewrite';
import { DATA_TYPE } from '../dense/dense';
import { type Attributes, isDense, type Mode, type Operator, type Stage, type WeightWriter } from '../operator';
import { type Consumption, type ExportChoice, formOf, type Orientation } from './choice';
import type { ConstantStore } from './constants';
import { consumedType, listed, UseNodes } from './useNodes';

/** Attributes of Conv that place the kernel. The other stages of a factored convolution are 1×1. */
export const SPATIAL = new Set(['strides', 'pads', 'dilations', 'auto_pad']);

/** Attributes that only convolutions with a whole kernel have. */
const WHOLE = new Set(['group', 'output_padding', 'output_shape']);

/** Writes the nodes that replace one consumer of a layer. */
export class SubgraphWriter extends UseNodes implements WeightWriter {
  constructor(
    rewrite: Rewrite,
    layer: Layer,
    use: Use,
    store: ConstantStore,
    private readonly choice: ExportChoice,
  ) {
    super(rewrite, layer, use, store);
  }

  /** Writes the nodes that compute what `use.node` did, with `operator` as the weight. */
  writeAll(operator: Operator): readonly NodeProto[] {
    const x = this.#oriented(operandOf(this.use));
    this.apply(operator, x, modeOf(this.layer, this.use), { last: true, spatial: true });
    return this.list;
  }

  apply(weight: Operator, x: string, mode: Mode, stage: Stage): string {
    if (!isDense(weight)) {
      const form = formOf(weight, mode, this.choice);
      if (form === 'factored') return weight.write!(this, x, mode, stage);
      return this.as(form, () => this.#applyWhole(weight, x, mode, stage));
    }
    return this.#applyWhole(weight, x, mode, stage);
  }

  product(op: string, inputs: readonly string[], attributes: Attributes, stage: Stage, domain = ''): string {
    if (!stage.last) return this.node(op, inputs, attributes, domain);
    const old = this.use.node;
    const tail: ((value: string) => Parameters<typeof node>)[] = [];
    const { operator } = this.use.role!;
    const factor = operator.factor === undefined ? 1 : floatOf(old, operator.factor, 1);
    if (factor !== 1) tail.push((value) => ['Mul', [value, this.float([factor])], []]);
    const bias = biasOf(this.use);
    if (bias !== '') {
      const added = this.#shapedBias(bias);
      tail.push((value) => ['Add', [value, added], []]);
    }
    const finish = tail.pop();
    if (!finish) return this.last(op, inputs, listed(attributes), domain);
    let value = this.node(op, inputs, attributes, domain);
    for (const step of tail) {
      const [name, operands] = step(value);
      value = this.node(name, operands);
    }
    const [name, operands] = finish(value);
    return this.last(name, operands, [], '');
  }

  /** Applies a whole matrix or kernel to `x`. */
  #applyWhole(weight: Operator, x: string, mode: Mode, stage: Stage): string {
    const { node: old, role } = this.use;
    if (mode === 'conv' || mode === 'convGrouped') return this.#conv(weight, x, stage);
    if (mode === 'gather' || mode === 'gatherTransposed') {
      return this.#emit(old.opType, [this.#whole(weight, wantsTransposed(mode)), x], old.attribute, stage);
    }
    const onRight = mode === 'rows' || mode === 'rowsTransposed';
    const operands = (value: string) => (onRight ? [x, value] : [value, x]);
    const { operator, turnsWeight, kind } = role!;
    // The second stage of a table in two factors is a product as well.
    if (!stage.last || kind !== 'product')
      return this.#emit('MatMul', operands(this.#whole(weight, wantsTransposed(mode))), [], stage, '');
    const value = this.#whole(weight, wantsTransposed(mode) !== turnsWeight);
    const bias = biasOf(this.use);
    // Its other operand is transposed beforehand, so that one attribute of transposition is left.
    const factors = new Set([operator.factor, operator.bias?.factor]);
    const kept = old.attribute.filter(({ name }) => factors.has(name));
    const turning = turnsWeight ? [attribute(operator.transposes![1], 1)] : [];
    return this.#emit(old.opType, [...operands(value), ...(bias ? [bias] : [])], [...kept, ...turning], stage);
  }

  /** The bias as it is added to the product: scaled, and along the channels of a convolution. */
  #shapedBias(bias: string): string {
    const { operator, kind } = this.use.role!;
    if (kind === 'conv')
      return this.node('Reshape', [bias, this.int64([1, -1, ...this.layer.shape.slice(2).map(() => 1)])]);
    const factor = operator.bias!.factor === undefined ? 1 : floatOf(this.use.node, operator.bias!.factor, 1);
    return factor === 1 ? bias : this.node('Mul', [bias, this.float([factor])]);
  }

  #conv(weight: Operator, x: string, stage: Stage): string {
    const old = this.use.node;
    const positions = this.layer.shape.length - 2;
    const kernel = weight.shape.length > 2 ? weight.shape.slice(2) : new Array<number>(positions).fill(1);
    const value = this.#whole(weight, false, [weight.shape[0]!, weight.shape[1]!, ...kernel]);
    const bias = biasOf(this.use);
    const kept = stage.spatial ? old.attribute.filter(({ name }) => SPATIAL.has(name) || WHOLE.has(name)) : [];
    const inputs = stage.last && bias ? [x, value, bias] : [x, value];
    return stage.last
      ? this.#emit(old.opType, inputs, [attribute('kernel_shape', kernel), ...kept], stage)
      : this.#emit('Conv', inputs, [attribute('kernel_shape', kernel), ...kept], stage, '');
  }

  /** The consumer's other operand. It is transposed first where the Gemm transposed it. */
  #oriented(x: string): string {
    return this.use.role!.turnsInput ? this.node('Transpose', [x], { perm: [1, 0] }) : x;
  }

  /** A weight as this consumer needs it. It is stored once; nodes that the runtime folds transpose or cast it. */
  #whole(weight: Operator, transposed: boolean, dims: readonly number[] = weight.shape): string {
    return this.store.rebuilt(weight, this.use.scope, `${this.form} ${this.consumed} ${transposed} ${dims}`, () => {
      if (isDense(weight)) return this.leaf(weight, transposed, dims);
      if (transposed && weight.rebuildTransposed && orientationOf(this.layer) === 'transposed')
        return this.#asConsumed(weight.rebuildTransposed(this));
      const value = transposed ? this.#whole(weight, false) : this.#asConsumed(weight.rebuild(this));
      if (dims.length !== weight.shape.length) return this.node('Reshape', [value, this.int64(dims)]);
      return transposed ? this.node('Transpose', [value], { perm: [1, 0] }) : value;
    });
  }

  #asConsumed(value: string): string {
    return this.type === this.consumed ? value : this.node('Cast', [value], { to: DATA_TYPE[this.consumed] });
  }

  /** A node that is of the operator which it replaces, unless `domain` says otherwise. */
  #emit(
    op: string,
    inputs: readonly string[],
    attributes: readonly AttributeProto[],
    stage: Stage,
    domain = this.use.role!.operator.domain,
  ): string {
    return stage.last ? this.last(op, inputs, attributes, domain) : this.add(op, inputs, attributes, domain);
  }
}

const wantsTransposed = (mode: Mode): boolean =>
  mode === 'rows' || mode === 'columnsTransposed' || mode === 'gatherTransposed';

/** How the layer's first consumer uses the weight. In nearly every model all consumers use it alike. */
export function consumptionOf(layer: Layer): Consumption & { readonly read: Orientation } {
  const use = layer.uses[0]!;
  return { mode: modeOf(layer, use), type: consumedType(layer, use), read: orientationOf(layer) };
}

/** Whether consumers read the whole weight [out, in] as it is or transposed. */
export function orientationOf(layer: Layer): Orientation {
  const turned = layer.uses.map((use) => wantsTransposed(modeOf(layer, use)) !== use.role!.turnsWeight);
  return turned.every(Boolean) ? 'transposed' : turned.some(Boolean) ? 'both' : 'plain';
}

/** How a consumer applies its layer's matrix. A consumer of the transposed matrix applies Wᵀ. */
export function modeOf(layer: Layer, { role, input, transposed }: Use): Mode {
  const { kind } = role!;
  const flipped = transposed !== (layer.stored === 'transposed');
  if (kind === 'conv') return role!.groups === 1 ? kind : 'convGrouped';
  if (kind === 'gather') return flipped ? 'gatherTransposed' : 'gather';
  if (input === 0) return flipped ? 'columnsTransposed' : 'columns';
  return flipped ? 'rowsTransposed' : 'rows';
}
