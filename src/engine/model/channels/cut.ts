import { create } from '@bufbuild/protobuf';
import { type NodeProto, NodeProtoSchema } from 'onnx-buf';
import type { Layer } from '../layers';
import { type Model, readBytes } from '../model';
import { intOf } from '../onnx/attributes';
import { attribute, DataType, int64 } from '../onnx/build';
import { Rewrite } from '../rewrite';
import { bytesOf, dimsOf, elementsOf } from '../tensors';
import type { Flow } from './graph';
import { type ChannelGroup, entriesOf, sizeOf } from './groups';
import { partsOf, targetOf } from './reshapes';

export interface Cut {
  readonly group: ChannelGroup;
  /** The units that stay, rising. */
  readonly kept: readonly number[];
}

interface Slice {
  rows?: readonly number[];
  columns?: readonly number[];
}

/** The model with only the units of each group that are to stay. Weights keep their names, values too. */
export async function cutChannels(
  model: Model,
  flow: Flow,
  cuts: readonly Cut[],
  signal?: AbortSignal,
): Promise<Model> {
  const rewrite = new Rewrite(model, flow.scope);
  const slices = new Map<Layer, Slice>();
  const sliceOf = (layer: Layer): Slice => {
    const slice = slices.get(layer) ?? {};
    slices.set(layer, slice);
    return slice;
  };
  const copies = new Map<NodeProto, NodeProto>();
  const copyOf = (node: NodeProto): NodeProto => {
    const copy = copies.get(node) ?? Object.assign(create(NodeProtoSchema), node, { input: [...node.input] });
    copies.set(node, copy);
    return copy;
  };
  const int64s = (name: string, values: readonly number[]): string => {
    const fresh = rewrite.freshName(name);
    rewrite.addConstant(
      flow.scope,
      fresh,
      [values.length],
      DataType.INT64,
      int64(fresh, values).rawData as Uint8Array<ArrayBuffer>,
    );
    return fresh;
  };
  for (const { group, kept } of cuts) {
    signal?.throwIfAborted();
    for (const layer of group.producers) sliceOf(layer).rows = entriesOf(kept, group.units, layer.shape[0]!);
    for (const layer of group.consumers) sliceOf(layer).columns = entriesOf(kept, group.units, layer.shape[1]!);
    for (const parameter of group.parameters) {
      const { node, input, axis } = parameter;
      const constant = flow.constant(node.input[input]!)!;
      const { tensor, home } = constant;
      const dims = dimsOf(tensor);
      const entries = entriesOf(kept, group.units, sizeOf(flow, parameter));
      const along = axis + dims.length;
      const left = dims.with(along, entries.length);
      const bytes = take(await readBytes(model, tensor), dims, bytesOf(tensor) / elementsOf(tensor), along, entries);
      // Others may need a shared constant as it was.
      if (flow.isAlone(constant, node.input[input]!)) {
        rewrite.replaceConstant(constant, left, bytes);
        continue;
      }
      const name = rewrite.freshName(`${node.input[input]}.kept`);
      rewrite.addConstant(home, name, left, tensor.dataType, bytes);
      copyOf(node).input[input] = name;
    }
    for (const edit of group.edits) {
      const copy = copyOf(edit.node);
      if (edit.kind === 'group') {
        const left = (intOf(edit.node, 'group', 1) / group.units) * kept.length;
        copy.attribute = [...copy.attribute.filter(({ name }) => name !== 'group'), attribute('group', left)];
        continue;
      }
      const shape = edit.node.input[1]!;
      const target = targetOf(flow, shape)!;
      const at = target.length + edit.at;
      const left = (target[at]! / group.units) * kept.length;
      const maker = flow.numbers(shape) ? undefined : flow.makerOf(shape);
      if (!maker) {
        copy.input[1] = int64s(`${shape}.kept`, (target as number[]).with(at, left));
        continue;
      }
      // The part of the Concat that holds the entry, and a Concat of the Reshape's own, as others may share it.
      const fresh = rewrite.freshName(`${shape}.kept`);
      let before = 0;
      const input = partsOf(flow, shape)!.map(({ name, entries }) => {
        const inside = at - before;
        before += entries.length;
        if (inside < 0 || inside >= entries.length) return name;
        return int64s(`${name}.kept`, (entries as number[]).with(inside, left));
      });
      const own = Object.assign(create(NodeProtoSchema), maker, {
        name: rewrite.freshName(`${maker.name}.kept`),
        input,
        output: [fresh],
      });
      copy.input[1] = fresh;
      rewrite.precede(edit.node, own);
    }
    rewrite.forgetShapes(group.values);
  }
  for (const [layer, slice] of slices) {
    signal?.throwIfAborted();
    const { dims, bytes } = await sliced(model, layer, slice);
    rewrite.replaceConstant(layer, dims, bytes);
  }
  for (const [node, copy] of copies) rewrite.replace(node, [copy]);
  return rewrite.finish();
}

async function sliced(model: Model, layer: Layer, { rows, columns }: Slice) {
  const { tensor, stored } = layer;
  const turned = stored === 'transposed';
  const size = bytesOf(tensor) / elementsOf(tensor);
  let dims = dimsOf(tensor);
  let bytes = await readBytes(model, tensor);
  for (const [entries, axis] of [
    [rows, turned ? 1 : 0],
    [columns, turned ? 0 : 1],
  ] as const) {
    if (!entries) continue;
    bytes = take(bytes, dims, size, axis, entries);
    dims = dims.with(axis, entries.length);
  }
  return { dims, bytes };
}

/** The entries of a row-major array along one axis. */
function take(
  bytes: Uint8Array,
  dims: readonly number[],
  size: number,
  axis: number,
  entries: readonly number[],
): Uint8Array<ArrayBuffer> {
  const product = (sizes: readonly number[]) => sizes.reduce((all, each) => all * each, 1);
  const inner = product(dims.slice(axis + 1)) * size;
  const outer = product(dims.slice(0, axis));
  const step = dims[axis]! * inner;
  const result = new Uint8Array(outer * entries.length * inner);
  for (let o = 0; o < outer; o++) {
    entries.forEach((entry, i) => {
      const from = o * step + entry * inner;
      result.set(bytes.subarray(from, from + inner), (o * entries.length + i) * inner);
    });
  }
  return result;
}
