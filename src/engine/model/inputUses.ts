import type { NodeProto } from 'onnx-buf';
import { intOf } from './onnx/attributes';
import { resolve, type Scope, scopesIn } from './scopes';
import { dimsOf, inlineNumbers } from './tensors';

/** Which whole numbers make sense in a value, as far as the graph's use of them shows it. */
export interface WholeNumbers {
  /** They are indices: of the smallest table, or one-hot width, that they index. */
  readonly rows?: number;
  /** They are compared with this one number, such as a sample rate. */
  readonly compared?: number;
}

/** Nodes that pass on the numbers of their first input. */
const PASSAGES = new Set([
  'Cast',
  'Clip',
  'Expand',
  'Flatten',
  'Identity',
  'Reshape',
  'Slice',
  'Squeeze',
  'Tile',
  'Transpose',
  'Unsqueeze',
]);

/**
 * The numbers that values of the main graph may hold, for each value of which the graph shows something, directly or
 * through nodes that pass it on. Names are local to their graph: two branches may use one name for two values.
 */
export function wholeNumbersIn(main: Scope): ReadonlyMap<string, WholeNumbers> {
  const scopes = [...scopesIn(main)];
  const sources = new Map(scopes.map((scope) => [scope, sourcesIn(scope)]));
  const found = new Map(scopes.map((scope) => [scope, new Map<string, WholeNumbers>()]));
  for (const scope of scopes) {
    for (const node of scope.graph.node) {
      for (const { name: first, ...use } of wholeNumbersOf(node, scope)) {
        let at: Scope | undefined = scope;
        for (let name: string | undefined = first; name; ) {
          while (at && !sources.get(at)!.has(name)) at = at.parent;
          if (!at) break;
          const known: WholeNumbers | undefined = found.get(at)!.get(name);
          const both = together(known, use);
          // Nothing new was learnt of this value, so nothing new follows for the values that it comes from.
          if (known && known.rows === both.rows && known.compared === both.compared) break;
          found.get(at)!.set(name, both);
          name = sources.get(at)!.get(name);
        }
      }
    }
  }
  return found.get(main)!;
}

function together(known: WholeNumbers | undefined, use: WholeNumbers): WholeNumbers {
  const rows = Math.min(known?.rows ?? Number.POSITIVE_INFINITY, use.rows ?? Number.POSITIVE_INFINITY);
  const compared = known?.compared ?? use.compared;
  return { ...(rows < Number.POSITIVE_INFINITY && { rows }), ...(compared !== undefined && { compared }) };
}

/** The names that a graph defines. Names that only pass on a value are listed with the name of that value. */
function sourcesIn({ graph }: Scope): Map<string, string | undefined> {
  const sources = new Map<string, string | undefined>();
  for (const { name } of [...graph.input, ...graph.initializer]) sources.set(name, undefined);
  for (const { opType, input, output } of graph.node)
    for (const name of output) sources.set(name, PASSAGES.has(opType) ? input[0] : undefined);
  return sources;
}

type Found = WholeNumbers & { readonly name: string };

function wholeNumbersOf(node: NodeProto, scope: Scope): Found[] {
  const { input } = node;
  const table = (at: number, axis: number): number | undefined => {
    const constant = resolve(input[at] ?? '', scope);
    return constant && dimsOf(constant.tensor).at(axis);
  };
  const indices = (at: number, rows: number | undefined): Found[] =>
    input[at] && rows !== undefined ? [{ name: input[at], rows }] : [];
  switch (node.opType) {
    case 'Gather':
    case 'GatherElements':
      return indices(1, table(0, intOf(node, 'axis', 0)));
    case 'GatherND':
      return indices(1, intOf(node, 'batch_dims', 0) === 0 ? table(0, 0) : undefined);
    case 'GatherBlockQuantized':
      return indices(1, table(0, intOf(node, 'gather_axis', 0)));
    case 'EmbedLayerNormalization':
      // Words, segments, and, as the last input, positions.
      return [...indices(0, table(2, 0)), ...indices(1, table(4, 0)), ...indices(8, table(3, 0))];
    case 'OneHot':
      return indices(0, numbers(input[1], scope)?.[0]);
    case 'Equal':
      return [...comparedWith(input[0], numbers(input[1], scope)), ...comparedWith(input[1], numbers(input[0], scope))];
    default:
      return [];
  }
}

/** A list 0, 1, … that is compared with an index makes a one-hot row; a single number is what is asked for. */
function comparedWith(name: string | undefined, values: readonly number[] | undefined): Found[] {
  if (!name || !values || values.length === 0) return [];
  // A fraction, which a Cast allows, is equal to none of them.
  if (values.length === 1) return Number.isInteger(values[0]) ? [{ name, compared: values[0]! }] : [];
  return values.every((value, i) => value === i) ? [{ name, rows: values.length }] : [];
}

/** The values of a small constant. */
function numbers(name: string | undefined, scope: Scope): number[] | undefined {
  const tensor = resolve(name ?? '', scope)?.tensor;
  return tensor && inlineNumbers(tensor);
}
