import type { TensorProto } from 'onnx-buf';
import { layerOperatorOf } from './layerOperators/roles';
import { type Model, tensorsOf } from './model';
import type { OtherParameters } from './report';
import type { Scope } from './scopes';
import { type Reader, Readers } from './tensorReaders';
import { bytesOf, dimsOf, elementsOf } from './tensors';

/** A matrix with at least this many numbers gets a reason of its own. */
const LARGE = 1024;

/**
 * The parameters that are in no layer, grouped by the reason why they stay as they are, the largest group first.
 * `parameters`: how many each tensor counts as. `listed`: the tensors of layers.
 */
export function otherParameters(
  model: Model,
  main: Scope,
  parameters: ReadonlyMap<TensorProto, number>,
  listed: ReadonlySet<TensorProto>,
): OtherParameters[] {
  const readers = new Readers(main);
  const sparse = new Set(model.graph.sparseInitializer.flatMap(({ values }) => values ?? []));
  const bodies = model.proto.functions.flatMap(({ node }) => node);
  const inFunctions = new Set(bodies.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? [])));
  const groups = new Map<string, { tensors: number; parameters: number; bytes: number; weights: string[] }>();
  for (const tensor of tensorsOf(model.proto)) {
    const count = parameters.get(tensor) ?? 0;
    if (listed.has(tensor) || count === 0) continue;
    const reason = sparse.has(tensor)
      ? 'stored sparsely, which is not handled yet'
      : inFunctions.has(tensor)
        ? 'inside a function of the model, which is not looked into yet'
        : reasonOf(tensor, readers.of(tensor));
    const group = groups.get(reason) ?? { tensors: 0, parameters: 0, bytes: 0, weights: [] };
    groups.set(reason, group);
    group.tensors++;
    group.parameters += count;
    group.bytes += bytesOf(tensor);
    group.weights.push(tensor.name);
  }
  return [...groups].map(([reason, group]) => ({ reason, ...group })).sort((a, b) => b.parameters - a.parameters);
}

function reasonOf(tensor: TensorProto, readers: readonly Reader[]): string {
  if (readers.length === 0) return 'used by no node of the graph';
  const operators = [...new Set(readers.map(({ node }) => node.opType))];
  const named = operators.length > 3 ? `${operators.slice(0, 3).join(', ')} and others` : operators.join(', ');
  if (readers.every(isBias)) return `biases of ${named}, which stay as they are`;
  const isSmall = elementsOf(tensor) < LARGE || dimsOf(tensor).filter((size) => size > 1).length < 2;
  if (isSmall) return `vectors and small constants of ${named}, which stay as they are`;
  const through = [...new Set(readers.flatMap((reader) => reader.through))];
  const way = through.length > 0 ? ` through ${through.join(', ')}` : '';
  return `used by ${named}${way} in a way that is not handled yet`;
}

const isBias = ({ node, input }: Reader): boolean => layerOperatorOf(node)?.bias?.input === input;
