import { create } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema, type TensorProto } from 'onnx-buf';
import { type Model, tensorsOf } from './model';
import { bytesOf } from './tensors';

/** What became of a weight. Kept in the model's metadata: the nodes that rebuild a weight do not tell what it is. */
export interface StoredForm {
  /** Of the layer, as it was. */
  readonly id: string;
  readonly name: string;
  readonly op: string;
  /** "4-bit groups of 32". */
  readonly form: string;
  readonly shape: readonly number[];
  readonly parameters: number;
  /** Names of the constants that it is stored in. */
  readonly tensors: readonly string[];
}

const KEY = 'carrara.layers';

type Written = readonly [
  name: string,
  op: string,
  form: string,
  shape: readonly number[],
  parameters: number,
  /** Of all constants: another number says that the model was changed since. */
  bytes: number,
  /** Names; those that begin with a dot continue the layer's id. */
  ...tensors: string[],
];

/** The forms that the model's metadata tell of, as far as their constants are still what was written. */
export function storedForms({ proto }: Model): (Omit<StoredForm, 'tensors'> & { readonly tensors: TensorProto[] })[] {
  const text = proto.metadataProps.find(({ key }) => key === KEY)?.value;
  if (text === undefined) return [];
  const stored = new Map([...tensorsOf(proto)].map((tensor) => [tensor.name, tensor]));
  return Object.entries(read(text)).flatMap(([id, [name, op, form, shape, parameters, bytes, ...names]]) => {
    const tensors = [...new Set(names.flatMap((at) => stored.get(at.startsWith('.') ? `${id}${at}` : at) ?? []))];
    const whole = tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0) === bytes;
    return whole ? { id, name, op, form, shape, parameters, tensors } : [];
  });
}

/** The model with these forms in its metadata, beside those that still hold. */
export function withStoredForms(model: Model, forms: readonly StoredForm[]): Model {
  const sizes = new Map([...tensorsOf(model.proto)].map((tensor) => [tensor.name, bytesOf(tensor)]));
  const known = storedForms(model).map((one) => ({ ...one, tensors: one.tensors.map(({ name }) => name) }));
  const written = [...known, ...forms].map(({ id, name, op, form, shape, parameters, tensors }) => {
    const bytes = tensors.reduce((sum, tensor) => sum + (sizes.get(tensor) ?? 0), 0);
    const names = tensors.map((tensor) => (tensor.startsWith(`${id}.`) ? tensor.slice(id.length) : tensor));
    return [id, [name, op, form, shape, parameters, bytes, ...names] satisfies Written] as const;
  });
  const others = model.proto.metadataProps.filter(({ key }) => key !== KEY);
  const value = JSON.stringify(Object.fromEntries(written));
  const metadataProps = [...others, create(StringStringEntryProtoSchema, { key: KEY, value })];
  return { ...model, proto: Object.assign(create(ModelProtoSchema), model.proto, { metadataProps }) };
}

/** Metadata are anybody's to write: what does not look like ours is left out. */
function read(text: string): Record<string, Written> {
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, Written>).filter(
      ([, [name, op, form, shape, parameters, bytes, ...tensors]]) =>
        [name, op, form, ...tensors].every((word) => typeof word === 'string') &&
        [...shape, parameters, bytes].every((number) => Number.isSafeInteger(number)),
    );
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
}
