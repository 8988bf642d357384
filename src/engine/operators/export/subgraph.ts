import type { AttributeProto, NodeProto } from 'onnx-buf';
import type { Layer, Use } from '../../model/layers';
import { floatOf, intOf } from '../../model/onnx/attributes';
import { attribute, type node } from '../../model/onnx/build';
import type { Rewrite } from '../../model/rewrite';
import { DATA_TYPE } from '../dense/dense';
import { type Attributes, isDense, type Mode, type Operator, type Stage, type WeightWriter } from '../operator';
import { type Consumption, type ExportChoice, formOf, type Orientation } from './choice';
import type { ConstantStore } from './constants';
import { consumedType, listed, UseNodes } from './useNodes';

/** Attributes of Conv that say where the kernel goes; the other stages of a factored convolution are 1×1. */
export const SPATIAL = new Set(['strides', 'pads', 'dilations', 'auto_pad']);

/** Attributes of convolutions that only whole kernels have. */
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

  /** The nodes that compute what `use.node` did, with `operator` as the weight. */
  writeAll(operator: Operator): readonly NodeProto[] {
    const x = this.#oriented(this.use.node.input[this.use.input === 0 ? 1 : 0]!);
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
    const bias = this.use.role!.kind === 'gemm' || this.use.role!.kind === 'conv' ? old.input[2] : undefined;
    if (this.use.role!.kind === 'gemm') {
      const [alpha, beta] = [floatOf(old, 'alpha', 1), floatOf(old, 'beta', 1)];
      if (alpha !== 1) tail.push((value) => ['Mul', [value, this.float([alpha])], []]);
      if (bias) {
        const scaled = beta === 1 ? bias : this.node('Mul', [bias, this.float([beta])]);
        tail.push((value) => ['Add', [value, scaled], []]);
      }
    } else if (bias) {
      const dims = [1, -1, ...this.layer.shape.slice(2).map(() => 1)];
      const shaped = this.node('Reshape', [bias, this.int64(dims)]);
      tail.push((value) => ['Add', [value, shaped], []]);
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

  /** One whole matrix or kernel applied to `x`. */
  #applyWhole(weight: Operator, x: string, mode: Mode, stage: Stage): string {
    const { node: old, role } = this.use;
    if (mode === 'conv' || mode === 'convGrouped') return this.#conv(weight, x, stage);
    if (mode === 'gather' || mode === 'gatherTransposed') {
      return this.#emit('Gather', [this.#whole(weight, wantsTransposed(mode)), x], old.attribute, stage);
    }
    const onRight = mode === 'rows' || mode === 'rowsTransposed';
    if (role!.kind === 'gemm' && stage.last) {
      const flag = transposesRight(old, mode);
      const value = this.#whole(weight, wantsTransposed(mode) !== flag);
      const kept = old.attribute.filter(({ name }) => name === 'alpha' || name === 'beta');
      const bias = old.input[2] ? [old.input[2]] : [];
      return this.#emit(
        'Gemm',
        [...(onRight ? [x, value] : [value, x]), ...bias],
        [...kept, ...(flag ? [attribute('transB', 1)] : [])],
        stage,
      );
    }
    const value = this.#whole(weight, wantsTransposed(mode));
    return this.#emit('MatMul', onRight ? [x, value] : [value, x], [], stage);
  }

  #conv(weight: Operator, x: string, stage: Stage): string {
    const old = this.use.node;
    const positions = this.layer.shape.length - 2;
    const kernel = weight.shape.length > 2 ? weight.shape.slice(2) : new Array<number>(positions).fill(1);
    const value = this.#whole(weight, false, [weight.shape[0]!, weight.shape[1]!, ...kernel]);
    const bias = stage.last && old.input[2] ? [old.input[2]] : [];
    const kept = stage.spatial ? old.attribute.filter(({ name }) => SPATIAL.has(name) || WHOLE.has(name)) : [];
    return this.#emit(old.opType, [x, value, ...bias], [attribute('kernel_shape', kernel), ...kept], stage);
  }

  /** The consumer's other operand, transposed beforehand where a Gemm did so itself. */
  #oriented(x: string): string {
    const { node: old, role, input } = this.use;
    if (role!.kind !== 'gemm' || intOf(old, input === 0 ? 'transB' : 'transA', 0) === 0) return x;
    return this.node('Transpose', [x], { perm: [1, 0] });
  }

  /** A weight as this consumer needs it: stored once, turned or cast by nodes that the runtime folds. */
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

  #emit(op: string, inputs: readonly string[], attributes: readonly AttributeProto[], stage: Stage): string {
    return stage.last ? this.last(op, inputs, attributes, '') : this.add(op, inputs, attributes, '');
  }
}

const wantsTransposed = (mode: Mode): boolean =>
  mode === 'rows' || mode === 'columnsTransposed' || mode === 'gatherTransposed';

/** Whether the Gemm itself turns the weight on its right. */
const transposesRight = (gemm: NodeProto, mode: Mode): boolean =>
  (mode === 'rows' || mode === 'rowsTransposed') && intOf(gemm, 'transB', 0) === 1;

/** How the layer's weight is taken: by the first of its consumers, as in nearly every model all of them are alike. */
export function consumptionOf(layer: Layer): Consumption & { readonly read: Orientation } {
  const use = layer.uses[0]!;
  return { mode: modeOf(layer, use), type: consumedType(layer, use), read: orientationOf(layer) };
}

/** How consumers read the weight, [out, in], where they read it whole. */
export function orientationOf(layer: Layer): Orientation {
  const turned = layer.uses.map((use) => {
    const mode = modeOf(layer, use);
    return wantsTransposed(mode) !== (use.role!.kind === 'gemm' && transposesRight(use.node, mode));
  });
  return turned.every(Boolean) ? 'transposed' : turned.some(Boolean) ? 'both' : 'plain';
}

/** How a consumer meets its layer's matrix: one that wants the transpose of it applies Wᵀ. */
export function modeOf(layer: Layer, { role, input, transposed }: Use): Mode {
  const { kind } = role!;
  const flipped = transposed !== (layer.stored === 'transposed');
  if (kind === 'conv') return role!.groups === 1 ? kind : 'convGrouped';
  if (kind === 'gather') return flipped ? 'gatherTransposed' : 'gather';
  if (input === 0) return flipped ? 'columnsTransposed' : 'columns';
  return flipped ? 'rowsTransposed' : 'rows';
}
