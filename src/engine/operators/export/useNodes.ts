import { create } from '@bufbuild/protobuf';
import { type AttributeProto, type NodeProto, NodeProtoSchema } from 'onnx-buf';
import { shortened } from '../../core/shortened';
import type { Layer, Use } from '../../model/layers';
import { attribute, DataType, float, int64, node, tensor } from '../../model/onnx/build';
import type { Rewrite } from '../../model/rewrite';
import { floatsToHalves } from '../../model/tensors';
import { DATA_TYPE } from '../dense/dense';
import type { Attributes, Dense, FloatType, NodeWriter } from '../operator';
import type { StoredArray } from '../stored';
import type { ExportForm } from './choice';
import type { ConstantStore } from './constants';

/** Constants of fewer bytes may be folded. Only large ones must stay small. */
const SMALL = 1024;

/** How many characters of a layer's name the nodes added for it keep. */
const LONGEST = 14;

/** The type of the weight that a consumer reads. A Cast may stand between the stored weight and the consumer. */
export function consumedType({ dtype }: Layer, { castTo }: Use): FloatType {
  if (castTo === undefined) return dtype as FloatType;
  return castTo === DataType.FLOAT16 ? 'float16' : 'float32';
}

/** The nodes before one consumer of a layer, and the constants that they use. */
export class UseNodes implements NodeWriter {
  readonly list: NodeProto[] = [];
  readonly #pins = new Map<string, string>();
  readonly #wholes = new Map<string, string>();
  readonly #known = new Map<string, string[]>();
  protected form: ExportForm = 'factored';
  #zero: string | undefined;

  constructor(
    protected readonly rewrite: Rewrite,
    protected readonly layer: Layer,
    protected readonly use: Use,
    protected readonly store: ConstantStore,
  ) {}

  get opset(): number {
    return this.rewrite.opset;
  }

  /**
   * Weights that are rebuilt at load are computed in float32: runtimes fold on the CPU, which has few kernels for
   * float16.
   */
  get type(): FloatType {
    return this.form === 'load' ? 'float32' : this.consumed;
  }

  protected get consumed(): FloatType {
    return consumedType(this.layer, this.use);
  }

  node(op: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.nodeOf(op, inputs, 1, attributes, domain)[0]!;
  }

  nodeOf(op: string, inputs: readonly string[], outputs: number, attributes: Attributes = {}, domain = ''): string[] {
    // Equal nodes with equal inputs are added once, for all operators and their parts.
    const told = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);
    const key = JSON.stringify([op, inputs, outputs, attributes, domain], told);
    const known = this.#known.get(key) ?? this.#addAll(op, inputs, outputs, listed(attributes), domain);
    this.#known.set(key, known);
    return known;
  }

  constant(array: StoredArray, spreads = false): string {
    const name = this.store.constant(array);
    const large = spreads || array.bytes > SMALL;
    // float16 is cast while loading. At use, WebGPU could cast it only on adapters with `shader-f16`.
    const pinned = this.form === 'use' && large && array.dataType !== DataType.FLOAT16;
    return pinned ? this.#pinned(name, array.dims) : name;
  }

  leaf(leaf: Dense, transposed = false, dims: readonly number[] = leaf.shape): string {
    const stored = this.store.reserve(leaf, transposed, dims);
    // As in `constant`: weights that are rebuilt at use are protected from folding, except float16.
    const pinned = this.form === 'use' && leaf.bytes > SMALL && leaf.type === 'float32';
    let name = pinned ? this.#pinned(stored.name, stored.dims) : stored.name;
    if (stored.transposed !== transposed) name = this.node('Transpose', [name], { perm: [1, 0] });
    else if (!transposed && `${stored.dims}` !== `${dims}`) name = this.node('Reshape', [name, this.int64(dims)]);
    return leaf.type === this.type ? name : this.node('Cast', [name], { to: DATA_TYPE[this.type] });
  }

  int64(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const key = `${values} of ${dims}`;
    const known = this.#wholes.get(key);
    if (known !== undefined) return known;
    const name = this.rewrite.shortName();
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
    const name = this.rewrite.shortName();
    const held = Float32Array.from(values);
    const { rawData } = tensor(name, dims, this.type === 'float16' ? floatsToHalves(held) : held);
    this.rewrite.addConstant(this.use.scope, name, dims, DATA_TYPE[this.type], rawData as Uint8Array<ArrayBuffer>);
    return name;
  }

  zeros(dims: readonly number[]): string {
    let shape = this.int64(dims);
    if (this.form === 'use') shape = this.node('Add', [shape, this.zero()]);
    const half = tensor('', [1], new Uint16Array(1), DataType.FLOAT16);
    return this.node('ConstantOfShape', [shape], this.type === 'float16' ? { value: half } : {});
  }

  zero(dims: readonly number[] = [1]): string {
    if (this.form !== 'use') return this.int64([0], dims);
    this.#zero ??= this.#unfoldedZero();
    return dims.length === 1 ? this.#zero : this.node('Reshape', [this.#zero, this.int64(dims, [dims.length])]);
  }

  shaped(name: string, dataType: number, dims: readonly number[]): void {
    this.rewrite.addShape(this.use.scope, name, dims, dataType);
  }

  /** The nodes that `write` adds have this form. */
  protected as<T>(form: ExportForm, write: () => T): T {
    const before = this.form;
    this.form = form;
    try {
      return write();
    } finally {
      this.form = before;
    }
  }

  /**
   * Protects a constant from folding. It is expanded to its own shape, which the runtime does not know before it runs,
   * so a small array is copied. A Reshape would copy nothing, but onnxruntime merges it with the next Reshape, and
   * fails.
   */
  #pinned(name: string, dims: readonly number[]): string {
    const known = this.#pins.get(name);
    if (known !== undefined) return known;
    const [op, shape] = this.opset < 8 ? ['Tile', dims.map(() => 1)] : ['Expand', dims];
    const pin = this.node(op, [name, this.node('Add', [this.int64(shape), this.zero()])]);
    this.#pins.set(name, pin);
    return pin;
  }

  /**
   * An int64 zero that no runtime folds. DequantizeLinear is kept for quantised kernels, and random nodes are not
   * constant.
   */
  #unfoldedZero(): string {
    if (this.opset < 10) {
      const drawn = this.node('RandomUniform', [], { low: float(0), high: float(0), shape: [1] });
      return this.node('Cast', [drawn], { to: DataType.INT64 });
    }
    const code = this.rewrite.shortName();
    this.rewrite.addConstant(this.use.scope, code, [1], DataType.UINT8, new Uint8Array(1));
    const scale = this.rewrite.shortName();
    this.rewrite.addConstant(this.use.scope, scale, [], DataType.FLOAT, new Uint8Array(Float32Array.of(1).buffer));
    return this.node('Cast', [this.node('DequantizeLinear', [code, scale])], { to: DataType.INT64 });
  }

  /** Adds the node that computes the replaced node's result, under its name. */
  protected last(op: string, inputs: readonly string[], attributes: readonly AttributeProto[], domain: string): string {
    const old = this.use.node;
    this.#require(domain);
    this.list.push(
      Object.assign(create(NodeProtoSchema), old, {
        opType: op,
        input: [...inputs],
        attribute: [...attributes],
        domain,
      }),
    );
    return old.output[0]!;
  }

  protected add(op: string, inputs: readonly string[], attributes: readonly AttributeProto[], domain: string): string {
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
    // Nodes that work on inputs have names that tell them apart in a profile. Nodes that rebuild a weight have the
    // shortest names: each name is in the file up to three times, and long names would take 40 % more than the nodes.
    const name = this.form === 'factored' ? `${shortened(this.use.node.name || this.layer.weight, LONGEST)}/${op}` : '';
    const names = Array.from({ length: outputs }, () =>
      name ? this.rewrite.freshName(name) : this.rewrite.shortName(),
    );
    const made = node(op, inputs, names, {}, { name: name && names[0]!, domain });
    made.attribute = [...attributes];
    this.list.push(made);
    return names;
  }

  #require(domain: string): void {
    if (domain !== '') this.rewrite.requireDomain(domain, 1);
  }
}

export const listed = (attributes: Attributes): AttributeProto[] =>
  Object.entries(attributes ?? {}).map(([name, value]) => attribute(name, value));
