import type { GraphProto, ModelProto, NodeProto, TensorProto } from 'onnx-buf';
import type { Random } from '../core/random';
import { tensorsOf } from '../model/model';
import { subgraphsOf } from '../model/onnx/attributes';
import { pick } from './corpus.fixtures';

/** Numbers at which something overflows, wraps or ends. */
const EDGES = [
  -1n,
  0n,
  1n,
  2n,
  127n,
  255n,
  65536n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 62n,
  -(2n ** 63n),
];

const NAMES = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'x',
  'w',
  'y',
  '0',
  '\0',
  '\ud800',
  '../w',
  'a'.repeat(5000),
  '*',
  '\n',
];

/** Changes a few bytes of a file, as a fault of disk, network or a malicious hand would. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let out = Array.from(bytes);
  // Where few bytes are structure and many are numbers, faults at the ends hit the structure.
  const place = () => {
    const near = random.below(Math.max(1, Math.min(400, out.length)));
    return [random.below(Math.max(1, out.length)), near, out.length - 1 - near][random.below(3)]!;
  };
  for (let change = random.below(4); change >= 0; change--) {
    const at = place();
    const length = random.below(1 + random.below(64));
    switch (random.below(7)) {
      case 0:
        out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        out[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
        break;
      case 2:
        out.splice(at, length);
        break;
      case 3:
        out.splice(at, 0, ...Array.from({ length }, () => random.below(256)));
        break;
      case 4:
        out.splice(at, 0, ...out.slice(at, at + length));
        break;
      case 5:
        out = out.slice(0, at);
        break;
      default: {
        const from = place();
        for (let i = 0; i < length && from + i < out.length; i++) out[at + i] = out[from + i]!;
      }
    }
  }
  return Uint8Array.from(out.map((byte) => byte ?? 0));
}

function* graphsIn(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  for (const node of graph.node) for (const inner of subgraphsOf(node)) yield* graphsIn(inner.graph);
}

/** Changes what a model says, not how it is written: shapes, types, names, numbers, who reads whom. */
export function mutateProto(proto: ModelProto, random: Random): void {
  for (let change = random.below(4); change >= 0; change--) {
    const graphs = proto.graph ? [...graphsIn(proto.graph)] : [];
    if (graphs.length === 0) return;
    const graph = pick(random, graphs);
    const tensors = [...tensorsOf(proto)];
    if (random.below(3) === 0 && tensors.length > 0) mutateTensor(pick(random, tensors), random);
    else if (random.below(3) > 0 && graph.node.length > 0) mutateNode(pick(random, graph.node), graph, random);
    else mutateGraph(proto, graph, random);
  }
}

function mutateTensor(tensor: TensorProto, random: Random): void {
  const axis = random.below(tensor.dims.length + 1);
  switch (random.below(7)) {
    case 0:
      tensor.dims[axis] = pick(random, EDGES);
      break;
    case 1:
      tensor.dims.reverse();
      break;
    case 2:
      tensor.dataType = pick(random, [0, 1, 6, 7, 8, 9, 10, 11, 14, 16, 21, 22, 99, -1]);
      break;
    case 3:
      tensor.name = pick(random, NAMES);
      break;
    case 4:
      tensor.rawData = tensor.rawData.slice(0, random.below(tensor.rawData.length + 1));
      break;
    case 5: {
      const view = new DataView(tensor.rawData.buffer, tensor.rawData.byteOffset, tensor.rawData.byteLength);
      const value = pick(random, [Number.NaN, Number.POSITIVE_INFINITY, 3e38, 1e-45, 0]);
      if (view.byteLength >= 4) view.setFloat32(4 * random.below(Math.floor(view.byteLength / 4)), value, true);
      break;
    }
    default:
      tensor.dataLocation = 1;
      tensor.externalData = [
        [
          'location',
          pick(random, ['w.bin', '../w.bin', '/etc/passwd', 'C:\\w.bin', 'a\\..\\..\\w', '', 'carrara:self', '.']),
        ],
        ['offset', pick(random, ['0', '-1', 'abc', '1e3', '99999999999999999999', ''])],
        ['length', pick(random, ['4', '0', '-4', '2.5', '4294967296'])],
      ].map(([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto', key: key!, value: value! }));
  }
}

function mutateNode(node: NodeProto, graph: GraphProto, random: Random): void {
  const values = [...graph.node.flatMap(({ output }) => output), ...graph.initializer.map(({ name }) => name)];
  const name = () => (values.length > 0 && random.below(3) > 0 ? pick(random, values) : pick(random, NAMES));
  switch (random.below(6)) {
    case 0:
      node.input[random.below(node.input.length + 1)] = name();
      break;
    case 1:
      node.output[random.below(node.output.length + 1)] = name();
      break;
    case 2:
      node.opType = pick(random, [
        'MatMul',
        'Gemm',
        'Conv',
        'Gather',
        'Transpose',
        'Identity',
        'Cast',
        'Reshape',
        'If',
        'Loop',
      ]);
      break;
    case 3:
      node.name = pick(random, NAMES);
      break;
    case 4:
      node.input.splice(random.below(node.input.length + 1), 1);
      break;
    default: {
      const attribute = node.attribute[random.below(node.attribute.length)];
      if (!attribute) return;
      attribute.i = pick(random, EDGES);
      attribute.ints = attribute.ints.map(() => pick(random, EDGES));
      attribute.f = pick(random, [Number.NaN, 0, 1e38]);
      if (random.below(2))
        attribute.name = pick(random, ['group', 'axis', 'transB', 'perm', 'to', 'kernel_shape', ...NAMES]);
    }
  }
  node.input = Array.from(node.input, (given) => given ?? '');
  node.output = Array.from(node.output, (given) => given ?? '');
}

function mutateGraph(proto: ModelProto, graph: GraphProto, random: Random): void {
  switch (random.below(7)) {
    case 0:
      graph.node.reverse();
      break;
    case 1:
      graph.node.splice(random.below(graph.node.length + 1), 1);
      break;
    case 2:
      graph.node.push(...graph.node.slice(0, 1 + random.below(3)));
      break;
    case 3:
      graph.initializer.push(...graph.initializer.slice(0, 1));
      break;
    case 4:
      proto.irVersion = pick(random, EDGES);
      break;
    case 5:
      for (const set of proto.opsetImport) set.version = pick(random, [...EDGES, 7n, 13n, 21n]);
      break;
    default: {
      const type = graph.input[random.below(graph.input.length)]?.type?.value;
      const dim = type?.case === 'tensorType' ? type.value.shape?.dim : undefined;
      if (type?.case === 'tensorType') type.value.elemType = pick(random, [0, 1, 7, 8, 9, 16, 99]);
      if (dim?.[0]) dim[0].value = { case: 'dimValue', value: pick(random, EDGES) };
    }
  }
}
