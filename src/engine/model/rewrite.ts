import { create } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
} from 'onnx-buf';
import type { ByteSource } from '../core/bytes';
import { FreshNames } from './freshNames';
import type { Layer } from './layers';
import { type Model, opsetOf } from './model';
import { offHeap } from './offHeap';
import { node as makeNode, value as makeValue } from './onnx/build';
import { LARGE } from './onnx/structure';
import { isPassage, resolve, type Scope, scopesIn } from './scopes';

/** How many constants were added so far, in all models. */
let constants = 0;

/**
 * Collects changes to a model's graphs and makes the changed model. The old model stays as it is, and both share what
 * was not changed. Nodes are compared by identity, so duplicate or missing names do no harm.
 */
export class Rewrite {
  readonly #replaced = new Map<NodeProto, readonly NodeProto[]>();
  readonly #added = new Map<GraphProto, TensorProto[]>();
  readonly #shapes = new Map<GraphProto, Map<string, ValueInfoProto>>();
  readonly #dropped = new Set<TensorProto>();
  readonly #sources: Map<string, ByteSource>;
  readonly #names: FreshNames;
  readonly #preceding = new Map<NodeProto, readonly NodeProto[]>();
  readonly #forgotten = new Set<string>();
  readonly #domains = new Map<string, number>();
  /** Of the standard domain. */
  readonly opset: number;

  constructor(
    private readonly model: Model,
    private readonly main: Scope,
  ) {
    this.#sources = new Map(model.sources);
    this.#names = new FreshNames(model, main);
    this.opset = opsetOf(model);
  }

  /** Lists a domain of operators among those that the model uses. */
  requireDomain(domain: string, version: number): void {
    if (!this.model.proto.opsetImport.some((known) => known.domain === domain)) this.#domains.set(domain, version);
  }

  /** `wanted`, or `wanted` with the first free number behind it. The name is reserved from now on. */
  freshName(wanted: string): string {
    return this.#names.fresh(wanted);
  }

  /** A free name of few characters, for values that nobody asks for by name. The name is reserved from now on. */
  shortName(): string {
    return this.#names.short();
  }

  /** Stores a constant called `name` (a fresh name) in the graph of `home`. Large ones go off the heap. */
  addConstant(
    home: Scope,
    name: string,
    dims: readonly number[],
    dataType: number,
    bytes: Uint8Array<ArrayBuffer>,
  ): void {
    const tensor = create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType });
    if (bytes.length < LARGE) {
      tensor.rawData = bytes.slice();
    } else {
      // By number, since names are local to their graphs: two branches may store a constant under the same one.
      const location = `carrara:constant/${constants++}`;
      this.#sources.set(location, { name: location, ...offHeap(bytes) });
      tensor.dataLocation = 1;
      tensor.externalData = Object.entries({ location, offset: '0', length: String(bytes.length) }).map(
        ([key, value]) => ({
          $typeName: 'onnx.StringStringEntryProto' as const,
          key,
          value,
        }),
      );
    }
    const added = this.#added.get(home.graph) ?? [];
    added.push(tensor);
    this.#added.set(home.graph, added);
  }

  /** Replaces the node `old` by `nodes`. */
  replace(old: NodeProto, nodes: readonly NodeProto[]): void {
    this.#replaced.set(old, nodes);
  }

  /** Inserts `node` before `old`, whether or not `old` is replaced. */
  precede(old: NodeProto, node: NodeProto): void {
    this.#preceding.set(old, [...(this.#preceding.get(old) ?? []), node]);
  }

  /** Another value for a stored tensor, under the same name. */
  replaceConstant(
    { tensor, home, holder }: Pick<Layer, 'tensor' | 'home' | 'holder'>,
    dims: readonly number[],
    bytes: Uint8Array<ArrayBuffer>,
  ): void {
    this.#dropped.add(tensor);
    if (holder) this.replace(holder, []);
    const name = holder ? holder.output[0]! : tensor.name;
    this.#forgotten.add(name);
    this.addConstant(home, name, dims, tensor.dataType, bytes);
  }

  /** Declares the shape of a new value. */
  addShape(home: Scope, name: string, dims: readonly number[], dataType: number): void {
    const known = this.#shapes.get(home.graph) ?? new Map<string, ValueInfoProto>();
    this.#shapes.set(home.graph, known.set(name, makeValue(name, dataType, dims)));
  }

  /** Removes the declared shapes of these values, which no longer hold. */
  forgetShapes(values: readonly string[]): void {
    for (const name of values) this.#forgotten.add(name);
  }

  /** Removes the layer's stored tensor, with the Transposes, Casts and Identities that no other node needs. */
  dropWeight({ tensor }: Pick<Layer, 'tensor'>): void {
    this.#dropped.add(tensor);
  }

  finish(): Model {
    this.#dropPassages();
    const graph = this.#graph(this.main);
    const used = new Set([...externalLocations(graph)]);
    const sources = new Map(
      [...this.#sources].filter(([location]) => used.has(location) || this.model.sources.has(location)),
    );
    const added = [...this.#domains].map(([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    );
    const opsetImport = [...this.model.proto.opsetImport, ...added];
    const proto = Object.assign(create(ModelProtoSchema), this.model.proto, { graph, opsetImport });
    return { name: this.model.name, proto, graph, sources };
  }

  /** Removes the nodes that only passed on a removed tensor, backwards from the last one, whose value no node reads. */
  #dropPassages(): void {
    const scopes = [...scopesIn(this.main)];
    const readers = new Map<string, number>();
    const count = (names: readonly string[], by: number) => {
      for (const name of names) readers.set(name, (readers.get(name) ?? 0) + by);
    };
    for (const { graph } of scopes) {
      for (const { name } of graph.output) count([name], 1);
      for (const node of graph.node) for (const now of this.#replaced.get(node) ?? [node]) count(now.input, 1);
    }
    const passages = new Map<string, NodeProto[]>();
    for (const scope of scopes) {
      for (const node of scope.graph.node) {
        if (this.#replaced.has(node) || !(isPassage(node, scope) || node.opType === 'Constant')) continue;
        const output = node.output[0] ?? '';
        const constant = resolve(output, scope);
        if (constant && this.#dropped.has(constant.tensor))
          passages.set(output, [...(passages.get(output) ?? []), node]);
      }
    }
    const unread = [...passages.keys()].filter((name) => !readers.get(name));
    for (let name = unread.pop(); name !== undefined; name = unread.pop()) {
      for (const node of passages.get(name)!) {
        if (this.#replaced.has(node)) continue;
        this.#replaced.set(node, []);
        count(node.input, -1);
        for (const input of node.input) if (readers.get(input) === 0 && passages.has(input)) unread.push(input);
      }
    }
  }

  #graph(scope: Scope): GraphProto {
    const { graph } = scope;
    const added = this.#added.get(graph) ?? [];
    // Before IR version 4 every initializer had to be an input too; Constant nodes are valid in all versions.
    const asNodes = this.model.proto.irVersion < 4n;
    const constants = asNodes ? added.map((value) => makeNode('Constant', [], [value.name], { value })) : [];
    const nodes = graph.node.flatMap((node) => [
      ...(this.#preceding.get(node) ?? []),
      ...(this.#replaced.get(node) ?? [this.#withInnerGraphs(node, scope)]),
    ]);
    const droppedNames = new Set(
      graph.initializer.filter((tensor) => this.#dropped.has(tensor)).map(({ name }) => name),
    );
    return Object.assign(create(GraphProtoSchema), graph, {
      node: [...constants, ...nodes],
      initializer: [...graph.initializer.filter((tensor) => !this.#dropped.has(tensor)), ...(asNodes ? [] : added)],
      input: graph.input.filter(({ name }) => !droppedNames.has(name)),
      valueInfo: [
        ...graph.valueInfo.filter(({ name }) => !droppedNames.has(name) && !this.#forgotten.has(name)),
        ...(this.#shapes.get(graph)?.values() ?? []),
      ],
    });
  }

  #withInnerGraphs(node: NodeProto, scope: Scope): NodeProto {
    const inner = scope.children.get(node);
    if (!inner) return node;
    const rebuilt = new Map(inner.map(({ scope: child }) => [child.graph, this.#graph(child)]));
    const attribute = node.attribute.map((old) =>
      Object.assign(create(AttributeProtoSchema), old, {
        ...(old.g && { g: rebuilt.get(old.g) }),
        ...(old.graphs.length > 0 && { graphs: old.graphs.map((graph) => rebuilt.get(graph)!) }),
      }),
    );
    return Object.assign(create(NodeProtoSchema), node, { attribute });
  }
}

function* externalLocations(graph: GraphProto): Generator<string> {
  const tensors = [
    ...graph.initializer,
    ...graph.node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? [])),
  ];
  for (const { externalData } of tensors)
    for (const { key, value } of externalData) if (key === 'location') yield value;
  for (const { attribute } of graph.node) {
    for (const { g, graphs } of attribute)
      for (const inner of g ? [g, ...graphs] : graphs) yield* externalLocations(inner);
  }
}
