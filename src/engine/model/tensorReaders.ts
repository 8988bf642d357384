import type { NodeProto, TensorProto } from 'onnx-buf';
import { resolve, type Scope, scopesIn } from './scopes';

/** A node that computes with a constant, and the way from the constant to the node. */
export interface Reader {
  readonly node: NodeProto;
  readonly input: number;
  /** Operators on the way that make another constant of it: "Slice", "Concat". */
  readonly through: readonly string[];
}

interface Step {
  readonly node: NodeProto;
  readonly scope: Scope;
  readonly input: number;
}

/**
 * The nodes that compute with each stored tensor. A node whose operands are all constants only makes another constant,
 * so the nodes behind it count instead. A tensor in an attribute is read by the node with the attribute.
 */
export class Readers {
  /** By the scope that holds a value, and its name. */
  readonly #steps = new Map<Scope, Map<string, Step[]>>();
  readonly #homes = new Map<Scope, Set<string>>();
  readonly #constants = new Map<Scope, Set<string>>();
  readonly #names = new Map<TensorProto, { readonly scope: Scope; readonly name: string }>();
  readonly #owners = new Map<TensorProto, NodeProto>();
  readonly #judged = new Map<NodeProto, boolean>();

  constructor(main: Scope) {
    for (const scope of scopesIn(main)) this.#list(scope);
    this.#walk(main);
  }

  /** The readers of a tensor that some graph stores; none where no node needs it, or it lies elsewhere. */
  of(tensor: TensorProto): readonly Reader[] {
    const owner = this.#owners.get(tensor);
    if (owner) return [{ node: owner, input: -1, through: [] }];
    const start = this.#names.get(tensor);
    if (!start) return [];
    const found: Reader[] = [];
    const seen = new Set<NodeProto>();
    const open = [{ ...start, through: [] as readonly string[] }];
    for (let at = open.pop(); at; at = open.pop()) {
      for (const { node, scope, input } of this.#steps.get(at.scope)?.get(at.name) ?? []) {
        if (!this.#makesConstant(node, scope)) {
          found.push({ node, input, through: at.through });
        } else if (!seen.has(node)) {
          seen.add(node);
          const through = at.through.includes(node.opType) ? at.through : [...at.through, node.opType];
          for (const name of node.output) open.push({ scope, name, through });
        }
      }
    }
    return found;
  }

  /** Lists the names in each graph, and where its tensors are. */
  #list(scope: Scope): void {
    const { graph } = scope;
    const names = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
    for (const tensor of graph.initializer) this.#names.set(tensor, { scope, name: tensor.name });
    for (const { values } of graph.sparseInitializer) {
      if (!values) continue;
      names.add(values.name);
      this.#names.set(values, { scope, name: values.name });
    }
    for (const node of graph.node) {
      for (const name of node.output) names.add(name);
      for (const { t, tensors } of node.attribute) {
        for (const tensor of t ? [t, ...tensors] : tensors) {
          if (node.opType === 'Constant') this.#names.set(tensor, { scope, name: node.output[0]! });
          else this.#owners.set(tensor, node);
        }
      }
    }
    this.#homes.set(scope, names);
  }

  /** Follows the order in which nodes run, so that it is known whether what a node reads is a constant. */
  #walk(scope: Scope): void {
    const { graph } = scope;
    const stored = graph.initializer.filter(({ name }) => !resolve(name, scope)?.overridable);
    const sparse = graph.sparseInitializer.flatMap(({ values }) => values ?? []);
    const constants = new Set([...stored, ...sparse].map(({ name }) => name));
    this.#constants.set(scope, constants);
    for (const node of graph.node) {
      for (const [input, name] of node.input.entries()) {
        const home = name === '' ? undefined : this.#homeOf(name, scope);
        if (!home) continue;
        const steps = this.#steps.get(home) ?? new Map<string, Step[]>();
        this.#steps.set(home, steps);
        const known = steps.get(name);
        if (known) known.push({ node, scope, input });
        else steps.set(name, [{ node, scope, input }]);
      }
      for (const { scope: inner } of scope.children.get(node) ?? []) this.#walk(inner);
      if (node.opType === 'Constant' || this.#isConstant(node, scope))
        for (const name of node.output) constants.add(name);
    }
  }

  /** The same once all is listed; asked for each of a node's inputs, of which a Concat may have thousands. */
  #makesConstant(node: NodeProto, scope: Scope): boolean {
    const found = this.#judged.get(node) ?? this.#isConstant(node, scope);
    this.#judged.set(node, found);
    return found;
  }

  #isConstant(node: NodeProto, scope: Scope): boolean {
    // A DequantizeLinear is a quantised weight, which stays as it is.
    if (node.opType === 'DequantizeLinear' || node.input.length === 0 || scope.children.has(node)) return false;
    return node.input.every((name) => {
      const home = name === '' ? scope : this.#homeOf(name, scope);
      return name === '' || (home !== undefined && this.#constants.get(home)?.has(name) === true);
    });
  }

  #homeOf(name: string, scope: Scope): Scope | undefined {
    for (let at: Scope | undefined = scope; at; at = at.parent) if (this.#homes.get(at)?.has(name)) return at;
    return undefined;
  }
}
