import { intOf } from './onnx/attributes';
import { resolve, type Scope, scopesIn } from './scopes';
import { dimsOf } from './tensors';

/** Hand on the same values: as another type, or in another shape. */
const PASSING = new Set(['Cast', 'Identity', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/**
 * For each value of the main graph that is an index of a Gather from a constant table, directly or through what hands it
 * on: the fewest rows of such a table. Names are local to their graph: two branches may use one name for two values.
 */
export function indexedRows(main: Scope): ReadonlyMap<string, number> {
  const scopes = [...scopesIn(main)];
  const sources = new Map(scopes.map((scope) => [scope, sourcesIn(scope)]));
  const rows = new Map(scopes.map((scope) => [scope, new Map<string, number>()]));
  for (const scope of scopes) {
    for (const node of scope.graph.node) {
      if (node.opType !== 'Gather') continue;
      const table = resolve(node.input[0] ?? '', scope);
      if (!table) continue;
      const count = dimsOf(table.tensor).at(intOf(node, 'axis', 0)) ?? 0;
      let at: Scope | undefined = scope;
      for (let name: string | undefined = node.input[1]; name; ) {
        while (at && !sources.get(at)!.has(name)) at = at.parent;
        const known = at && rows.get(at)!.get(name);
        // From a value that has no more rows on, all of this was done before.
        if (!at || (known !== undefined && known <= count)) break;
        rows.get(at)!.set(name, count);
        name = sources.get(at)!.get(name);
      }
    }
  }
  return rows.get(main)!;
}

/** The names that a graph defines; those that only hand a value on, with the name of that. */
function sourcesIn({ graph }: Scope): Map<string, string | undefined> {
  const sources = new Map<string, string | undefined>();
  for (const { name } of [...graph.input, ...graph.initializer]) sources.set(name, undefined);
  for (const { opType, input, output } of graph.node)
    for (const name of output) sources.set(name, PASSING.has(opType) ? input[0] : undefined);
  return sources;
}
