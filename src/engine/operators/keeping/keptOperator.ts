import type { ByteSource } from '../../core/bytes';
import { FORMS } from '../forms';
import type { Form, Kind, Operator } from '../operator';
import type { StoredArray } from '../stored';

/** An operator as JSON: its bytes lie elsewhere, one array after the other. The first of `operators` is the whole. */
export interface KeptOperator {
  readonly operators: readonly KeptPart[];
  readonly arrays: readonly KeptArray[];
}

interface KeptPart {
  readonly kind: Kind;
  readonly shape: readonly number[];
  /** Positions in `operators`. */
  readonly children: readonly number[];
  /** What the form keeps; `$array` and `$operator` give positions in the two lists. */
  readonly fields: unknown;
}

interface KeptArray extends Omit<StoredArray, 'read'> {
  readonly offset: number;
}

/** What is kept of an operator, and the bytes of its arrays, `bytes` in all. An array is read when it is reached. */
export function keepOperator(operator: Operator) {
  const operators: KeptPart[] = [];
  const operatorPlaces = new Map<Operator, number>();
  const arrays: KeptArray[] = [];
  const arrayPlaces = new Map<StoredArray, number>();
  let size = 0;

  // What stands in a tree twice is kept once: a model then stores it once, as before.
  const placeOfArray = (array: StoredArray): number => {
    const known = arrayPlaces.get(array);
    if (known !== undefined) return known;
    const { label, dims, dataType, bytes, shared } = array;
    arrays.push({ label, dims, dataType, bytes, ...(shared !== undefined && { shared }), offset: size });
    arrayPlaces.set(array, arrays.length - 1);
    size += bytes;
    return arrays.length - 1;
  };
  const placeOf = (one: Operator): number => {
    const known = operatorPlaces.get(one);
    if (known !== undefined) return known;
    const place = operators.length;
    operatorPlaces.set(one, place);
    const { kind, shape } = one;
    operators.push({ kind, shape, children: [], fields: undefined });
    const fields = encoded((FORMS[kind] as Form<Kind>).keep(one));
    operators[place] = { kind, shape, children: one.children.map(placeOf), fields };
    return place;
  };
  const encoded = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (isArray(value)) return { $array: placeOfArray(value) };
    if (isOperator(value)) return { $operator: placeOf(value) };
    if (Array.isArray(value)) return value.map(encoded);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, encoded(each)]));
  };

  placeOf(operator);
  const kept: KeptOperator = { operators, arrays };
  return {
    kept,
    bytes: size,
    async *chunks(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
      for (const [array] of arrayPlaces) {
        signal?.throwIfAborted();
        const bytes = await array.read();
        if (bytes.length !== array.bytes)
          throw new Error(`${array.label} has ${bytes.length} bytes instead of ${array.bytes}.`);
        yield bytes;
      }
    },
  };
}

/** The operator again. `source` has the bytes that `keepOperator` gave; they are read when the operator needs them. */
export function restoreOperator({ operators, arrays }: KeptOperator, source: ByteSource): Operator {
  const restoredArrays = arrays.map(
    ({ offset, ...array }): StoredArray => ({ ...array, read: () => source.read(offset, array.bytes) }),
  );
  const restored = new Map<number, Operator>();
  const operatorAt = (place: number): Operator => {
    const known = restored.get(place);
    if (known) return known;
    const { kind, shape, children, fields } = operators[place]!;
    const parts = { shape, children: children.map(operatorAt) };
    const operator = (FORMS[kind] as Form<Kind>).restore({ ...(decoded(fields) as object), ...parts });
    restored.set(place, operator);
    return operator;
  };
  const decoded = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$array' in value) return restoredArrays[value.$array as number];
    if ('$operator' in value) return operatorAt(value.$operator as number);
    if (Array.isArray(value)) return value.map(decoded);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, decoded(each)]));
  };
  return operatorAt(0);
}

const isArray = (value: object): value is StoredArray => 'read' in value && 'dataType' in value;
const isOperator = (value: object): value is Operator => 'toDense' in value;
