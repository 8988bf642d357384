import type { NodeProto } from 'onnx-buf';
import { biasOf, type Layer, operandOf, type Use } from '../layers';
import { numberOf, type Size } from '../shapes/size';
import { bytesOf, dimsOf, elementsOf } from '../tensors';
import type { Flow } from './graph';
import type { Carrier, Edit, Parameter } from './passing';
import { passing } from './rules';

export type UnitKind = 'neurons' | 'heads' | 'channels';

/** Layers and constants that share a number of units (neurons, heads, channels): one can only go from all of them. */
export interface ChannelGroup {
  readonly kind: UnitKind;
  readonly units: number;
  /** Their rows make the units. */
  readonly producers: readonly Layer[];
  /** Their columns take them. */
  readonly consumers: readonly Layer[];
  readonly parameters: readonly Parameter[];
  readonly edits: readonly Edit[];
  /** Values that change their shape. */
  readonly values: readonly string[];
}

/** Why a layer's outputs can't be cut, as the end of a sentence. */
export interface NoGroup {
  readonly reason: string;
}

interface End {
  readonly layer: Layer;
  readonly use: Use;
}

/**
 * The group of each layer whose outputs can be cut, found by following its channels through the graph until they end in
 * layers that take them (Fang et al. 2023 call it a dependency graph). Layers of one group share the object.
 */
export function channelGroups(flow: Flow, layers: readonly Layer[]): Map<Layer, ChannelGroup | NoGroup> {
  const ends = new Map<NodeProto, End>();
  for (const layer of layers) {
    for (const use of layer.uses) {
      // A depthwise convolution ends nothing: its channels go on, one by one.
      const grouped = (use.role?.groups ?? 1) > 1;
      if (use.scope === flow.scope && use.role && !use.role.unhandled && !grouped) ends.set(use.node, { layer, use });
    }
  }
  const found = new Map<Layer, ChannelGroup | NoGroup>();
  for (const layer of layers) {
    if (found.has(layer)) continue;
    const group = groupOf(flow, layer, ends);
    if ('reason' in group) found.set(layer, group);
    else for (const producer of group.producers) found.set(producer, group);
  }
  return found;
}

function groupOf(flow: Flow, layer: Layer, ends: ReadonlyMap<NodeProto, End>): ChannelGroup | NoGroup {
  if (layer.unhandled !== undefined) return { reason: layer.unhandled };
  const only = layer.uses.length === 1 ? layer.uses[0]! : undefined;
  if (!only) return { reason: 'several nodes use the weight' };
  if (only.scope !== flow.scope) return { reason: 'it stands inside a branch or a loop' };
  if ((only.role?.groups ?? 1) > 1)
    return { reason: 'its groups see channels of their own; it shrinks with what it takes' };
  if (!makesChannels(layer, only)) return { reason: `${only.node.opType} does not make its rows the last axis` };
  const channels = layer.shape[0]!;
  let units = channels;
  // Each time that channels turn out to come in runs, the search begins anew with the runs as units.
  for (;;) {
    const search = new Search(flow, ends, units);
    const ended = search.from({ name: only.node.output[0]!, axis: outputAxis(layer) });
    if (typeof ended === 'number') {
      units = ended;
      continue;
    }
    if (ended !== undefined) return { reason: ended };
    return search.group();
  }
}

const isConv = (layer: Layer): boolean => layer.uses[0]!.role?.kind === 'conv';

/** Rows of W, and so channels, are the last axis of x·Wᵀ and axis 1 of a convolution's output. */
const outputAxis = (layer: Layer): number => (isConv(layer) ? 1 - layer.shape.length : -1);

function makesChannels(layer: Layer, use: Use): boolean {
  if (use.role?.unhandled !== undefined || use.role === undefined) return false;
  if (use.role.kind === 'conv') return use.role.groups === 1;
  return use.role.kind === 'product' && use.input === 1 && use.transposed === (layer.stored === 'transposed');
}

class Search {
  readonly #carriers = new Map<string, number>();
  readonly #producers = new Set<Layer>();
  readonly #consumers = new Set<Layer>();
  readonly #parameters: Parameter[] = [];
  readonly #edits: Edit[] = [];
  /** Which values carry the channels at each node that was visited, and where. */
  readonly #seen = new Map<NodeProto, readonly Carrier[]>();
  #heads = false;

  constructor(
    private readonly flow: Flow,
    private readonly ends: ReadonlyMap<NodeProto, End>,
    private readonly units: number,
  ) {}

  /** Follows one value and all that depends on it. A number: begin anew with so many units. A string: why it fails. */
  from(start: Carrier): number | string | undefined {
    const waiting = [start];
    for (let at = waiting.pop(); at; at = waiting.pop()) {
      const known = this.#carriers.get(at.name);
      if (known === at.axis) continue;
      if (known !== undefined) return 'they come back along another axis';
      this.#carriers.set(at.name, at.axis);
      const [shape, size] = [this.flow.shapes.of(at.name), this.#sizeOf(at)];
      if (shape && (!size || size.factor === 0 || size.factor % this.units !== 0))
        return 'the graph does not show that all of them come through';
      if (this.flow.leaves(at.name)) return 'they are an output of the model, or of use inside a sub-graph';
      const maker = this.flow.makerOf(at.name);
      if (!maker) return 'they come from an input of the model';
      for (const node of [maker, ...this.flow.usersOf(at.name).map((user) => user.node)]) {
        const next = this.#visit(node, at, node === maker);
        if (typeof next === 'string' || typeof next === 'number') return next;
        waiting.push(...next);
      }
    }
    if (this.#consumers.size === 0) return 'no layer takes them';
    return undefined;
  }

  group(): ChannelGroup {
    const producers = [...this.#producers];
    return {
      kind: this.#heads ? 'heads' : producers.every(isConv) ? 'channels' : 'neurons',
      units: this.units,
      producers,
      consumers: [...this.#consumers],
      parameters: this.#parameters,
      edits: this.#edits,
      values: [...this.#carriers.keys()],
    };
  }

  #visit(node: NodeProto, at: Carrier, made: boolean): readonly Carrier[] | string | number {
    const end = this.ends.get(node);
    if (end) return made ? this.#produced(end, at) : this.#consumed(end, at);
    const seen = this.#seen.get(node);
    if (seen) {
      // An operand that had one entry for all channels may turn out to carry them along another axis.
      const known = seen.some(({ name, axis }) => name === at.name && axis === at.axis);
      return known ? [] : 'they come back along another axis';
    }
    const passed = passing(this.flow, node, at, this.units);
    if (typeof passed === 'string') return passed;
    if (passed.units !== undefined) {
      if (passed.units > this.units || this.units % passed.units !== 0) return 'they come in runs of different lengths';
      return passed.units;
    }
    this.#seen.set(node, [at, ...passed.carriers]);
    for (const parameter of passed.parameters ?? []) {
      const reason = this.#goesAlong(parameter, at);
      if (reason !== undefined) return reason;
    }
    if (passed.edit) this.#edits.push(passed.edit);
    this.#heads ||= passed.heads === true;
    return passed.carriers;
  }

  #sizeOf({ name, axis }: Carrier): Size | undefined {
    return this.flow.shapes.of(name)?.at(axis);
  }

  /** Takes a constant into the group, or says why not. */
  #goesAlong(parameter: Parameter, at: Carrier): string | undefined {
    const { node, input, axis } = parameter;
    const constant = this.flow.constant(node.input[input]!);
    if (!constant) return `${node.opType} takes another computed value with them`;
    if (constant.transposed || constant.castTo !== undefined)
      return `${node.opType} has a constant that is turned or cast`;
    const { tensor } = constant;
    const size = dimsOf(tensor).at(axis) ?? 0;
    const carried = this.#sizeOf(at);
    const other = carried && numberOf(carried) !== undefined && numberOf(carried) !== size;
    if (size === 0 || size % this.units !== 0 || other) return `${node.opType} has a constant of another size`;
    // Of types with less than a byte an entry, two lie in one.
    const width = bytesOf(tensor) / elementsOf(tensor);
    if (width === 0 || !Number.isInteger(width)) return `${node.opType} has a constant of a type that can't be cut`;
    this.#parameters.push(parameter);
    return undefined;
  }

  #produced({ layer, use }: End, at: Carrier): readonly Carrier[] | string {
    if (layer.unhandled !== undefined) return `${layer.name} can't be cut (${layer.unhandled})`;
    if (layer.uses.length > 1) return `the weight of ${layer.name} has several uses`;
    if (!makesChannels(layer, use) || at.axis !== outputAxis(layer)) return `${layer.name} makes them in another way`;
    if (layer.shape[0]! % this.units !== 0) return `${layer.name} makes another number of them`;
    const bias = biasOf(use);
    if (bias !== '' && this.flow.size(bias, -1) !== 1) {
      if (!this.flow.constant(bias)) return `the bias of ${layer.name} is computed`;
      const reason = this.#goesAlong({ node: use.node, input: use.role!.operator.bias!.input, axis: -1 }, at);
      if (reason !== undefined) return reason;
    }
    this.#producers.add(layer);
    return [];
  }

  #consumed({ layer, use }: End, at: Carrier): readonly Carrier[] | string {
    if (at.name !== operandOf(use)) return `${layer.name} takes them as its bias`;
    if (layer.unhandled !== undefined) return `${layer.name} can't be cut (${layer.unhandled})`;
    if (layer.uses.length > 1) return `the weight of ${layer.name} has several uses`;
    if (use.role?.kind === 'gather' || !makesChannels(layer, use)) return `${layer.name} takes them in another way`;
    if (use.role!.turnsInput || at.axis !== outputAxis(layer)) return `${layer.name} takes them along another axis`;
    if (layer.shape[1]! % this.units !== 0) return `${layer.name} takes another number of them`;
    this.#consumers.add(layer);
    return [];
  }
}

/** Where units lie in an axis of `size` entries: unit u holds the run of size/units entries from u·size/units on. */
export function entriesOf(kept: readonly number[], units: number, size: number): number[] {
  const run = size / units;
  return kept.flatMap((unit) => Array.from({ length: run }, (_, i) => unit * run + i));
}

export const sizeOf = (flow: Flow, { node, input, axis }: Parameter): number =>
  dimsOf(flow.constant(node.input[input]!)!.tensor).at(axis)!;
