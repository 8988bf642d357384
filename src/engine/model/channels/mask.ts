import type { TensorProto } from 'onnx-buf';
import { type Model, readBytes } from '../model';
import { Rewrite } from '../rewrite';
import { bytesOf, decodeFloats, dimsOf, elementsOf, encodeFloats } from '../tensors';
import type { Cut } from './cut';
import type { Flow } from './graph';
import { entriesOf } from './groups';

/**
 * The uncut model in which nobody reads the units that are to go: their columns are zero in every layer that takes
 * them. It computes what the cut one has to. `shake`: by what share of itself each weight that stays is moved, up and
 * down in turn, to see how far a rounding error carries.
 */
export async function maskChannels(model: Model, flow: Flow, cuts: readonly Cut[], shake = 0): Promise<Model> {
  const rewrite = new Rewrite(model, flow.scope);
  for (const { group, kept } of cuts) {
    for (const layer of group.consumers) {
      const { tensor, shape } = layer;
      const dims = dimsOf(tensor);
      const stored = await readBytes(model, tensor);
      const bytes = shake === 0 ? stored.slice() : shaken(stored, tensor, shake);
      const axis = layer.stored === 'transposed' ? 0 : 1;
      const run = dims.slice(axis + 1).reduce((all, size) => all * size, bytesOf(tensor) / elementsOf(tensor));
      const stay = new Set(entriesOf(kept, group.units, shape[1]!));
      for (let at = 0; at * run < bytes.length; at++) {
        if (!stay.has(at % dims[axis]!)) bytes.fill(0, at * run, (at + 1) * run);
      }
      rewrite.replaceConstant(layer, dims, bytes);
    }
  }
  return rewrite.finish();
}

function shaken(
  bytes: Uint8Array<ArrayBuffer>,
  { dataType, name }: TensorProto,
  shake: number,
): Uint8Array<ArrayBuffer> {
  const values = decodeFloats(bytes, dataType, name);
  return encodeFloats(
    values.map((value, i) => value * (1 + (i % 2 === 0 ? shake : -shake))),
    dataType,
  );
}
