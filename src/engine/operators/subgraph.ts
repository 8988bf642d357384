import { create } from '@bufbuild/protobuf';
import { type AttributeProto, type NodeProto, NodeProtoSchema } from 'onnx-buf';
import type { Layer, Use } from '../model/layers';
import { floatOf, intOf } from '../model/onnx/attributes';
import { attribute, DataType, float, int64, node, tensor } from '../model/onnx/build';
import type { Rewrite } from '../model/rewrite';
import { floatsToHalves } from '../model/tensors';
import type { ConstantStore } from './constants';
import { DATA_TYPE } from './dense';
import { type ExportChoice, formOf } from './forms';
import { type Dense, type FloatType, isDense, type Mode, type Operator, type Stage } from './operator';
import type { StoredArray } from './stored';
import type { Attributes, ExportForm, WeightWriter } from './writer';

/** Attributes of Conv that say where the kernel goes; the other stages of a factored convolution are 1×1. */
export const SPATIAL = new Set(['strides', 'pads', 'dilations', 'auto_pad']);

/** A constant below this many bytes may be folded: what is kept small is the large ones. */
const SMALL = 1024;

/** Writes the nodes that replace one consumer of a layer. */
export class SubgraphWriter implements WeightWriter {
  readonly #nodes: NodeProto[] = [];
  readonly #pins = new Map<string, string>();
  readonly #wholes = new Map<string, string>();
  #form: ExportForm = 'factored';
  #zero: string | undefined;

  constructor(
    private readonly rewrite: Rewrite,
    private readonly layer: Layer,
    private readonly use: Use,
    private readonly store: ConstantStore,
    private readonly choice: ExportChoice,
  ) {}

  get opset(): number {
    return this.rewrite.opset;
  }

  get type(): FloatType {
    const { castTo } = this.use;
    if (castTo === undefined) return this.layer.dtype as FloatType;
    return castTo === DataType.FLOAT16 ? 'float16' : 'float32';
  }

  /** The nodes that compute what `use.node` did, with `operator` as the weight. */
  writeAll(operator: Operator): readonly NodeProto[] {
    const x = this.#oriented(this.use.node.input[this.use.input === 0 ? 1 : 0]!);
    this.apply(operator, x, modeOf(this.layer, this.use), { last: true, spatial: true });
    return this.#nodes;
  }

  apply(weight: Operator, x: string, mode: Mode, stage: Stage): string {
    if (!isDense(weight)) {
      const form = formOf(weight, mode, this.choice);
      if (form === 'factored') return weight.write!(this, x, mode, stage);
      return this.#as(form, () => this.#applyWhole(weight, x, mode, stage));
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
    if (!finish) return this.#last(op, inputs, listed(attributes), domain);
    let value = this.node(op, inputs, attributes, domain);
    for (const step of tail) {
      const [name, operands] = step(value);
      value = this.node(name, operands);
    }
    const [name, operands] = finish(value);
    return this.#last(name, operands, [], '');
  }

  node(op: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.#add(op, inputs, listed(attributes), domain);
  }

  nodeOf(op: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}, domain = ''): string[] {
    return this.#addAll(op, inputs, outputs, listed(attributes), domain);
  }

  constant(array: StoredArray): string {
    const name = this.store.constant(array);
    // Half precision is cast while loading: at use, WebGPU could do so only where the adapter has `shader-f16`.
    const pinned = this.#form === 'use' && array.bytes > SMALL && array.dataType !== DataType.FLOAT16;
    return pinned ? this.#pinned(name, array.dims) : name;
  }

  int64(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const key = `${values} of ${dims}`;
    const known = this.#wholes.get(key);
    if (known !== undefined) return known;
    const name = this.rewrite.freshName(`${this.#base}/shape`);
    this.rewrite.addConstant(
      this.use.scope,
      name,
      dims,
      DataType.INT64,
      int64(name, values).rawData as Uint8Array<ArrayBuffer>,
    );
    this.#wholes.set(key, name);
    return name;
  }

  float(values: readonly number[], dims: readonly number[] = values.length === 1 ? [] : [values.length]): string {
    const name = this.rewrite.freshName(`${this.#base}/scale`);
    const held = Float32Array.from(values);
    const { rawData } = tensor(name, dims, this.type === 'float16' ? floatsToHalves(held) : held);
    this.rewrite.addConstant(this.use.scope, name, dims, DATA_TYPE[this.type], rawData as Uint8Array<ArrayBuffer>);
    return name;
  }

  zeros(dims: readonly number[]): string {
    let shape = this.int64(dims);
    if (this.#form === 'use') shape = this.node('Add', [shape, (this.#zero ??= this.#unfoldedZero())]);
    const half = tensor('', [1], new Uint16Array(1), DataType.FLOAT16);
    return this.node('ConstantOfShape', [shape], this.type === 'float16' ? { value: half } : {});
  }

  #as<T>(form: ExportForm, write: () => T): T {
    const before = this.#form;
    this.#form = form;
    try {
      return write();
    } finally {
      this.#form = before;
    }
  }

  /** One whole matrix or kernel applied to `x`. */
  #applyWhole(weight: Operator, x: string, mode: Mode, stage: Stage): string {
    const { node: old, role } = this.use;
    if (mode === 'conv' || mode === 'convGrouped') return this.#conv(weight, x, stage);
    if (mode === 'gather' || mode === 'gatherTransposed') {
      return this.#emit('Gather', [this.#whole(weight, mode === 'gatherTransposed'), x], old.attribute, stage);
    }
    const onRight = mode === 'rows' || mode === 'rowsTransposed';
    const wantsTransposed = mode === 'rows' || mode === 'columnsTransposed';
    if (role!.kind === 'gemm' && stage.last) {
      const flag = onRight && intOf(old, 'transB', 0) === 1;
      const value = this.#whole(weight, wantsTransposed !== flag);
      const kept = old.attribute.filter(({ name }) => name === 'alpha' || name === 'beta');
      const bias = old.input[2] ? [old.input[2]] : [];
      return this.#emit(
        'Gemm',
        [...(onRight ? [x, value] : [value, x]), ...bias],
        [...kept, ...(flag ? [attribute('transB', 1)] : [])],
        stage,
      );
    }
    const value = this.#whole(weight, wantsTransposed);
    return this.#emit('MatMul', onRight ? [x, value] : [value, x], [], stage);
  }

  #conv(weight: Operator, x: string, stage: Stage): string {
    const old = this.use.node;
    const positions = this.layer.shape.length - 2;
    const kernel = weight.shape.length > 2 ? weight.shape.slice(2) : new Array<number>(positions).fill(1);
    const value = this.#whole(weight, false, [weight.shape[0]!, weight.shape[1]!, ...kernel]);
    const bias = stage.last && old.input[2] ? [old.input[2]] : [];
    const kept = stage.spatial ? old.attribute.filter(({ name }) => SPATIAL.has(name) || name === 'group') : [];
    return this.#emit('Conv', [x, value, ...bias], [attribute('kernel_shape', kernel), ...kept], stage);
  }

  /** The consumer's other operand, transposed beforehand where a Gemm did so itself. */
  #oriented(x: string): string {
    const { node: old, role, input } = this.use;
    if (role!.kind !== 'gemm' || intOf(old, input === 0 ? 'transB' : 'transA', 0) === 0) return x;
    return this.node('Transpose', [x], { perm: [1, 0] });
  }

  /** A weight as this consumer needs it: stored once, turned or cast by nodes that the runtime folds. */
  #whole(weight: Operator, transposed: boolean, dims: readonly number[] = weight.shape): string {
    const { type } = this;
    return this.store.rebuilt(weight, this.use.scope, `${this.#form} ${type} ${transposed} ${dims}`, () => {
      if (isDense(weight)) return this.#leaf(weight, transposed, dims);
      const value = weight.rebuild(this);
      if (dims.length !== weight.shape.length) return this.node('Reshape', [value, this.int64(dims)]);
      return transposed ? this.node('Transpose', [value], { perm: [1, 0] }) : value;
    });
  }

  #leaf(leaf: Dense, transposed: boolean, dims: readonly number[]): string {
    const stored = this.store.reserve(leaf, transposed, dims);
    let name = stored.name;
    if (stored.transposed !== transposed) name = this.node('Transpose', [name], { perm: [1, 0] });
    return leaf.type === this.type ? name : this.node('Cast', [name], { to: DATA_TYPE[this.type] });
  }

  /**
   * A constant that is to be kept from folding is expanded to its own shape, which the runtime knows only when it runs:
   * a copy of what is small. A Reshape would copy nothing, but onnxruntime merges it with the next one, and fails.
   */
  #pinned(name: string, dims: readonly number[]): string {
    const known = this.#pins.get(name);
    if (known !== undefined) return known;
    this.#zero ??= this.#unfoldedZero();
    const [op, shape] = this.opset < 8 ? ['Tile', dims.map(() => 1)] : ['Expand', dims];
    const pin = this.node(op, [name, this.node('Add', [this.int64(shape), this.#zero])]);
    this.#pins.set(name, pin);
    return pin;
  }

  /** An int64 zero that no runtime computes beforehand: DequantizeLinear is kept for quantised kernels, drawing is not constant. */
  #unfoldedZero(): string {
    if (this.opset < 10) {
      const drawn = this.node('RandomUniform', [], { low: float(0), high: float(0), shape: [1] });
      return this.node('Cast', [drawn], { to: DataType.INT64 });
    }
    const code = this.rewrite.freshName(`${this.#base}/zero`);
    this.rewrite.addConstant(this.use.scope, code, [1], DataType.UINT8, new Uint8Array(1));
    const scale = this.rewrite.freshName(`${this.#base}/scale`);
    this.rewrite.addConstant(this.use.scope, scale, [], DataType.FLOAT, new Uint8Array(Float32Array.of(1).buffer));
    return this.node('Cast', [this.node('DequantizeLinear', [code, scale])], { to: DataType.INT64 });
  }

  #emit(op: string, inputs: readonly string[], attributes: readonly AttributeProto[], stage: Stage): string {
    return stage.last ? this.#last(op, inputs, attributes, '') : this.#add(op, inputs, attributes, '');
  }

  #last(op: string, inputs: readonly string[], attributes: readonly AttributeProto[], domain: string): string {
    const old = this.use.node;
    this.#require(domain);
    this.#nodes.push(
      Object.assign(create(NodeProtoSchema), old, {
        opType: op,
        input: [...inputs],
        attribute: [...attributes],
        domain,
      }),
    );
    return old.output[0]!;
  }

  #add(op: string, inputs: readonly string[], attributes: readonly AttributeProto[], domain: string): string {
    return this.#addAll(op, inputs, 1, attributes, domain)[0]!;
  }

  #addAll(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes: readonly AttributeProto[],
    domain: string,
  ): string[] {
    this.#require(domain);
    const names = Array.from({ length: outputs }, () => this.rewrite.freshName(`${this.#base}/${op}`));
    const made = node(op, inputs, names, {}, { name: names[0]!, domain });
    made.attribute = [...attributes];
    this.#nodes.push(made);
    return names;
  }

  #require(domain: string): void {
    if (domain !== '') this.rewrite.requireDomain(domain, 1);
  }

  get #base(): string {
    return this.use.node.name || this.layer.weight;
  }
}

const listed = (attributes: Attributes): AttributeProto[] =>
  Object.entries(attributes ?? {}).map(([name, value]) => attribute(name, value));

/** How a consumer meets its layer's matrix: one that wants the transpose of it applies Wᵀ. */
export function modeOf(layer: Layer, { role, input, transposed }: Use): Mode {
  const { kind } = role!;
  const flipped = transposed !== (layer.stored === 'transposed');
  if (kind === 'conv') return (role!.groups ?? 1) > 1 ? 'convGrouped' : kind;
  if (kind === 'gather') return flipped ? 'gatherTransposed' : 'gather';
  if (input === 0) return flipped ? 'columnsTransposed' : 'columns';
  return flipped ? 'rowsTransposed' : 'rows';
}
