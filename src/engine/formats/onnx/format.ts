import type { ModelFormat } from '../format';
import { peekField, Wire } from '../protobuf';
import type { FileSample } from '../sample';

export const onnx: ModelFormat = {
  gives: 'model',
  what: 'an ONNX model',
  instead: 'open it as a model',
  extensions: ['.onnx'],
  matches: isModel,
};

/** ModelProto's fields and their wire types, which tell a model from other bytes. Later versions may add fields. */
export const MODEL_FIELDS: ReadonlyMap<number, number> = new Map([
  ...[1, 5].map((field) => [field, Wire.VARINT] as const),
  ...[2, 3, 4, 6, 7, 8, 14, 20, 25, 26].map((field) => [field, Wire.BYTES] as const),
]);

/** The graph and the operator sets, which every model has and no other message that begins alike. */
const TELLING: ReadonlySet<number> = new Set([7, 8]);

/**
 * ONNX has no magic number, so the fields of the message are compared with those of a model. Writers put the version
 * first, as protobuf orders fields by number.
 */
function isModel({ head }: FileSample): boolean {
  if (peekField(head, 0)?.number !== 1) return false;
  let told = false;
  for (let at = 0; at < head.length; ) {
    const field = peekField(head, at);
    if (!field || MODEL_FIELDS.get(field.number) !== field.wire) return false;
    told ||= TELLING.has(field.number);
    at = field.to;
  }
  return told;
}
