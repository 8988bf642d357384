import { fromBinary } from '@bufbuild/protobuf';
import { TensorProtoSchema } from 'onnx-buf';
import { type ExternalBytes, externalOf } from '../tensors';
import { externalEntries, Parts } from './parts';
import { CHILDREN, type MessageKind } from './structure';

/** A tensor met while assembling: where its payload is, and whether the main graph's initializers hold it. */
export interface Placement extends ExternalBytes {
  readonly name: string;
  readonly initializer: boolean;
}

/** Where the payload goes: into the file, or to `offset` of an external file. */
export type Place = 'inside' | { readonly location: string; readonly offset: number };

/**
 * The reverse of `readStructure`: a serialised ModelProto whose large payloads are external becomes the pieces of a
 * complete file, each payload where `place` puts it. Payloads are not read here: pieces name the bytes that they need.
 */
export function assemble(structure: Uint8Array, place: (tensor: Placement) => Place): Parts<ExternalBytes> {
  return message('model', structure, 0, structure.length, place, false);
}

function message(
  kind: MessageKind,
  bytes: Uint8Array,
  start: number,
  end: number,
  place: (tensor: Placement) => Place,
  initializer: boolean,
): Parts<ExternalBytes> {
  if (kind === 'tensor') return tensor(bytes.subarray(start, end), place, initializer);
  const out = new Parts<ExternalBytes>();
  for (const { field, wire, from, content, to } of fields(bytes, start, end)) {
    const child = wire === 2 ? CHILDREN[kind][field] : undefined;
    if (!child) {
      out.add(bytes.subarray(from, to));
      continue;
    }
    // Field 7 of a model is its main graph, field 5 of a graph its initializers.
    const passesOn = kind === 'model' ? field === 7 : initializer && child === 'tensor';
    out.addField(field, message(child, bytes, content, to, place, passesOn));
  }
  return out;
}

function tensor(bytes: Uint8Array, place: (tensor: Placement) => Place, initializer: boolean): Parts<ExternalBytes> {
  const out = new Parts<ExternalBytes>();
  const proto = fromBinary(TensorProtoSchema, bytes);
  const external = externalOf(proto);
  if (!external) {
    out.add(bytes);
    return out;
  }
  for (const { field, from, to } of fields(bytes, 0, bytes.length)) {
    if (field !== 13 && field !== 14) out.add(bytes.subarray(from, to));
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

/** The fields of a well-formed message: where each starts, where its content starts, and where it ends. */
function* fields(bytes: Uint8Array, start: number, end: number) {
  let at = start;
  const read = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < end) {
    const from = at;
    const tag = read();
    const wire = tag % 8;
    let content = at;
    if (wire === 0) read();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else {
      const length = read();
      content = at;
      at += length;
    }
    yield { field: Math.floor(tag / 8), wire, from, content, to: at };
  }
}
