import type { GraphProto, ModelProto, NodeProto } from 'onnx-buf';
import { UserError } from '../core/errors';
import { intOf, subgraphsOf } from './onnx/attributes';

/**
 * Checks what every walk through a model's graphs relies on: each value has one maker, and none depends on itself.
 * Throws a UserError that names the value, as ONNX Runtime does. Names are local to their graph: those of graphs inside
 * nodes count as read by the node only where the inner graph does not make them itself.
 */
export function checkGraphs({ graph, functions, trainingInfo }: ModelProto, name: string): void {
  if (graph) checkGraph(graph, name);
  for (const { node, input } of functions) checkNodes(node, input, name);
  for (const { initialization, algorithm } of trainingInfo) {
    if (initialization) checkGraph(initialization, name);
    // The training step also sees the main graph's values.
    if (algorithm) checkGraph(algorithm, name);
  }
}

/** Returns the names that the graph takes from the graphs around it. */
function checkGraph(graph: GraphProto, name: string): Set<string> {
  const stored = graph.initializer.map((tensor) => tensor.name);
  const sparse = graph.sparseInitializer.flatMap(({ values }) => values?.name ?? []);
  const given = new Set([...graph.input.map((input) => input.name), ...stored, ...sparse]);
  const free = checkNodes(graph.node, given, name);
  const made = new Set(graph.node.flatMap(({ output }) => output));
  for (const output of graph.output) if (!made.has(output.name) && !given.has(output.name)) free.add(output.name);
  return free;
}

function checkNodes(nodes: readonly NodeProto[], given: Iterable<string>, name: string): Set<string> {
  const known = new Set(given);
  const makers = new Map<string, number>();
  nodes.forEach(({ output }, index) => {
    for (const value of output) {
      if (value === '') continue;
      if (makers.has(value) || known.has(value))
        throw new UserError(
          `${name} is no valid model: value "${value}" is made twice, and which one is meant is not said; export it again.`,
        );
      makers.set(value, index);
    }
  });
  const read = nodes.map((node) => readBy(node, name));
  checkOrder(
    nodes,
    read.map((names) => [...names].flatMap((value) => makers.get(value) ?? [])),
    name,
  );
  const free = new Set<string>();
  for (const names of read) for (const value of names) if (!makers.has(value) && !known.has(value)) free.add(value);
  return free;
}

/** The names that a node reads, itself or in the graphs inside it. */
function readBy(node: NodeProto, name: string): Set<string> {
  const standard = node.domain === '' || node.domain === 'ai.onnx';
  const scanned = intOf(node, 'num_scan_inputs', 1);
  if (standard && node.opType === 'Scan' && !(scanned >= 1 && scanned <= node.input.length))
    throw new UserError(
      `${name} is damaged: Scan "${node.name}" goes along ${scanned} of its ${node.input.length} inputs; export it again.`,
    );
  const names = new Set(node.input);
  for (const { graph } of subgraphsOf(node)) for (const value of checkGraph(graph, name)) names.add(value);
  names.delete('');
  return names;
}

/** Takes away, again and again, the nodes whose makers are all gone; what then remains goes round in a circle. */
function checkOrder(nodes: readonly NodeProto[], makersOf: readonly (readonly number[])[], name: string): void {
  const waiting = makersOf.map((makers) => new Set(makers).size);
  const users = nodes.map((): number[] => []);
  makersOf.forEach((makers, index) => {
    for (const maker of new Set(makers)) users[maker]!.push(index);
  });
  const ready = [...nodes.keys()].filter((index) => waiting[index] === 0);
  let gone = 0;
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    gone++;
    for (const user of users[index]!) if (--waiting[user]! === 0) ready.push(user);
  }
  if (gone === nodes.length) return;
  // From any node that waits, one goes back to a node that waits: the first one met twice is in the circle.
  const seen = new Set<number>();
  let at = waiting.findIndex((count) => count > 0);
  while (!seen.has(at)) {
    seen.add(at);
    at = makersOf[at]!.find((maker) => waiting[maker]! > 0)!;
  }
  throw new UserError(
    `${name} is no valid model: value "${nodes[at]!.output.find((value) => value !== '')}" is computed from itself; export it again.`,
  );
}
