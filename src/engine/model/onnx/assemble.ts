import { fromBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import { fieldsOf, Wire } from '../../formats/protobuf';
import { type ExternalBytes, externalOf } from '../tensors';
import { CHILDREN, type MessageKind } from './messages';
import { externalEntries, Parts } from './parts';

/** A tensor met while assembling: where its payload is, and whose it is. */
export interface Placement extends ExternalBytes {
  readonly name: string;
  /** An initializer of the main graph, or of a graph inside a node; everything else stands in attributes. */
  readonly initializer: 'main' | 'inner' | undefined;
}

/** Where the payload goes: into the file, or to `offset` of an external file. */
export type Place = 'inside' | { readonly location: string; readonly offset: number };

/**
 * The reverse of `readStructure`: a serialised ModelProto whose large payloads are external becomes the pieces of a
 * complete file, each payload where `place` puts it. Payloads are not read here: pieces name the bytes that they need.
 */
export function assemble(structure: Uint8Array, place: (tensor: Placement) => Place): Parts<ExternalBytes> {
  return message('model', structure, 0, structure.length, place, undefined);
}

function message(
  kind: MessageKind,
  bytes: Uint8Array,
  start: number,
  end: number,
  place: (tensor: Placement) => Place,
  initializer: Placement['initializer'],
): Parts<ExternalBytes> {
  if (kind === 'tensor') return tensor(bytes.subarray(start, end), place, initializer);
  const out = new Parts<ExternalBytes>();
  for (const { number, wire, from, content, to } of fieldsOf(bytes, start, end)) {
    const child = wire === Wire.BYTES ? CHILDREN[kind][number] : undefined;
    if (!child) {
      out.add(bytes.subarray(from, to));
      continue;
    }
    // Field 7 of a model is its main graph, field 5 of a graph its initializers.
    const main = kind === 'model' ? number === 7 : initializer === 'main' && child === 'tensor';
    const passesOn = main ? 'main' : kind === 'graph' && child === 'tensor' ? 'inner' : undefined;
    out.addField(number, message(child, bytes, content, to, place, passesOn));
  }
  return out;
}

function tensor(
  bytes: Uint8Array,
  place: (tensor: Placement) => Place,
  initializer: Placement['initializer'],
): Parts<ExternalBytes> {
  const out = new Parts<ExternalBytes>();
  const proto = fromBinary(TensorProtoSchema, bytes);
  const external = externalOf(proto);
  if (!external) {
    out.add(bytes);
    return out;
  }
  for (const { number, from, to } of fieldsOf(bytes, 0, bytes.length)) {
    if (number !== 13 && number !== 14) out.add(bytes.subarray(from, to));
  }
  const target = place({ ...external, name: proto.name, initializer });
  if (target === 'inside') {
    const payload = new Parts<ExternalBytes>();
    payload.add(external);
    out.addField(9, payload);
  } else {
    out.add(externalEntries(target.location, target.offset, external.length));
  }
  return out;
}
