import type { NodeProto, TensorProto } from 'onnx-buf';
import { type Constant, isPassage, resolve, type Scope } from '../scopes';
import { InferredShapes } from '../shapes/inferredShapes';
import { numberOf, ONE } from '../shapes/size';
import { makersIn } from '../subModel';

/** Who makes and who uses each value of the main graph. */
export class Flow {
  readonly #makers: ReadonlyMap<string, NodeProto>;
  readonly #users = new Map<string, { readonly node: NodeProto; readonly input: number }[]>();
  readonly #outputs: ReadonlySet<string>;
  /** Values that graphs inside nodes look up. */
  readonly #captured = new Set<string>();
  /** How many nodes use a stored tensor, under whatever name. */
  readonly #uses = new Map<TensorProto, number>();
  /** Stored tensors that graphs inside nodes use, or that are outputs. */
  readonly #shared = new Set<TensorProto>();

  readonly shapes: InferredShapes;

  /** `opset`: of the model's standard operators. */
  constructor(
    readonly scope: Scope,
    opset: number,
  ) {
    const { graph } = scope;
    this.shapes = new InferredShapes(scope, opset);
    this.#outputs = new Set(graph.output.map(({ name }) => name));
    this.#makers = makersIn(graph);
    for (const node of graph.node) {
      if (isPassage(node, scope)) continue;
      node.input.forEach((name, input) => {
        const users = this.#users.get(name) ?? [];
        users.push({ node, input });
        this.#users.set(name, users);
        const tensor = resolve(name, scope)?.tensor;
        if (tensor) this.#uses.set(tensor, (this.#uses.get(tensor) ?? 0) + 1);
      });
    }
    for (const { name } of graph.output) this.#share(name, scope);
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
    return home === this.scope && this.#uses.get(tensor) === 1 && !this.#shared.has(tensor) && !this.leaves(name);
  }

  /** Whether a node, a graph inside one or the model's caller reads the value. */
  isRead(name: string): boolean {
    return name !== '' && (this.leaves(name) || this.usersOf(name).length > 0);
  }

  /** Whole numbers that a constant holds. */
  numbers(name: string): number[] | undefined {
    return this.shapes.numbers(name);
  }

  /**
   * The value's size along an axis counted from the end, 1 where it has no such axis; undefined: not a known number.
   */
  size(name: string, axis: number): number | undefined {
    const shape = this.shapes.of(name);
    return shape && numberOf(shape.at(axis) ?? ONE);
  }

  #capture(scope: Scope): void {
    const names = [...scope.graph.node.flatMap(({ input }) => input), ...scope.graph.output.map(({ name }) => name)];
    for (const name of names) {
      this.#captured.add(name);
      this.#share(name, scope);
    }
    for (const inner of scope.children.values()) for (const child of inner) this.#capture(child.scope);
  }

  #share(name: string, scope: Scope): void {
    const found = resolve(name, scope);
    if (found) this.#shared.add(found.tensor);
  }
}
