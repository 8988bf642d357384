import type { NodeProto, TensorProto } from 'onnx-buf';
import { intsOf } from '../onnx/attributes';
import { DataType } from '../onnx/build';
import { type Constant, isPassage, resolve, type Scope } from '../scopes';
import { dimsOf, inlineBytes } from '../tensors';

/** Who makes and who uses each value of the main graph. */
export class Flow {
  readonly #makers = new Map<string, NodeProto>();
  readonly #users = new Map<string, { readonly node: NodeProto; readonly input: number }[]>();
  readonly #outputs: ReadonlySet<string>;
  /** Values that graphs inside nodes look up. */
  readonly #captured = new Set<string>();
  /** How many nodes use a stored tensor, under whatever name. */
  readonly #uses = new Map<TensorProto, number>();

  constructor(readonly scope: Scope) {
    const { graph } = scope;
    this.#outputs = new Set(graph.output.map(({ name }) => name));
    for (const node of graph.node) {
      for (const name of node.output) this.#makers.set(name, node);
      if (isPassage(node, scope)) continue;
      node.input.forEach((name, input) => {
        const users = this.#users.get(name) ?? [];
        users.push({ node, input });
        this.#users.set(name, users);
        const tensor = resolve(name, scope)?.tensor;
        if (tensor) this.#uses.set(tensor, (this.#uses.get(tensor) ?? 0) + 1);
      });
    }
    for (const inner of scope.children.values()) for (const child of inner) this.#capture(child.scope);
  }

  makerOf(name: string): NodeProto | undefined {
    return this.#makers.get(name);
  }

  usersOf(name: string): readonly { readonly node: NodeProto; readonly input: number }[] {
    return this.#users.get(name) ?? [];
  }

  /** Whether somebody outside the graph's own nodes sees the value. */
  leaves(name: string): boolean {
    return this.#outputs.has(name) || this.#captured.has(name);
  }

  /** The constant that a name stands for, unless it is only a default. */
  constant(name: string): Constant | undefined {
    const found = name === '' ? undefined : resolve(name, this.scope);
    return found?.overridable ? undefined : found;
  }

  /** Whether one node alone of this graph uses a stored tensor. */
  isAlone({ tensor, home }: Constant, name: string): boolean {
    return home === this.scope && this.#uses.get(tensor) === 1 && !this.leaves(name);
  }

  /** Whole numbers that a constant holds. */
  numbers(name: string): number[] | undefined {
    const found = this.constant(name);
    if (!found || found.tensor.dataType !== DataType.INT64 || found.tensor.dataLocation === 1) return undefined;
    return Array.from(new BigInt64Array(inlineBytes(found.tensor).slice().buffer), Number);
  }

  /** The value's size along an axis counted from the end, 1 where it has no such axis; undefined: not known. */
  size(name: string, axis: number): number | undefined {
    const constant = this.constant(name);
    if (constant) return dimsOf(constant.tensor).at(axis) ?? 1;
    const node = this.makerOf(name);
    if (node?.opType === 'Slice') {
      const axes = node.input[3] ? this.numbers(node.input[3]) : intsOf(node, 'axes');
      const source = node.input[0]!;
      // Which axis is meant depends on the rank, unless all are counted from the end or the source is known whole.
      const rank = this.#rank(source);
      const sliced = axes?.map((at) => (at < 0 || rank === undefined ? at : at - rank));
      return sliced && !sliced.includes(axis) && sliced.every((at) => at < 0) ? this.size(source, axis) : undefined;
    }
    if (node && ['Cast', 'Identity', 'Not'].includes(node.opType)) return this.size(node.input[0]!, axis);
    return undefined;
  }

  #rank(name: string): number | undefined {
    const constant = this.constant(name);
    if (constant) return constant.tensor.dims.length;
    const node = this.makerOf(name);
    return node && ['Slice', 'Cast', 'Identity', 'Not'].includes(node.opType) ? this.#rank(node.input[0]!) : undefined;
  }

  #capture(scope: Scope): void {
    for (const node of scope.graph.node) for (const name of node.input) this.#captured.add(name);
    for (const { name } of scope.graph.output) this.#captured.add(name);
    for (const inner of scope.children.values()) for (const child of inner) this.#capture(child.scope);
  }
}
