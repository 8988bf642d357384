import { DataType } from '../model/onnx/build';
import { shiftsOf, signsOf } from '../reference/weights/shared';
import { DATA_TYPE } from './dense';
import { cast, cropped, reshaped } from './nodes';
import { elements, matrixOf, type Operator } from './operator';
import { planned, type StoredArray, stored } from './stored';
import type { NodeWriter } from './writer';

/** What a graph needs beside the slots: where each run of weights begins among them, and the signs. */
export interface SharedPlaces {
  readonly shifts: StoredArray;
  readonly rows: StoredArray;
  readonly columns: StoredArray;
}

const hashedFor = (shape: readonly number[], seed: number) => {
  const [rows, columns] = matrixOf(shape);
  return { rows, columns, offset: 0, seed };
};

/** Shifts and signs of `weightForm.ts`'s SharedForm, for a weight that has `slots` of its own. */
export function sharedPlaces(shape: readonly number[], slots: number, seed: number): SharedPlaces {
  const hashed = hashedFor(shape, seed);
  const shifts = shiftsOf(hashed, slots);
  const signs = signsOf(hashed);
  return {
    shifts: stored('shifts', [shifts.length, 1], DataType.INT32, shifts),
    rows: stored('rowSigns', [hashed.rows, 1], DataType.INT8, signs.rows),
    columns: stored('columnSigns', [1, hashed.columns], DataType.INT8, signs.columns),
  };
}

/** The same with only their sizes known. */
export function plannedPlaces(shape: readonly number[], slots: number): SharedPlaces {
  const [rows, columns] = matrixOf(shape);
  const runs = Math.ceil((rows * columns) / slots);
  return {
    shifts: planned('shifts', [runs, 1], DataType.INT32, 4 * runs),
    rows: planned('rowSigns', [rows, 1], DataType.INT8, rows),
    columns: planned('columnSigns', [1, columns], DataType.INT8, columns),
  };
}

/** Bytes beside the slots. */
export const placesBytes = (shape: readonly number[], slots: number): number =>
  Object.values(plannedPlaces(shape, slots)).reduce((sum: number, { bytes }: StoredArray) => sum + bytes, 0);

/**
 * Hash-shared: each run of s weights is a circular shift of the s slots, times a sign for each row and each column
 * (weightForm.ts tells how). `slots` is a leaf [1, s].
 *
 * What is hashed is stored: one shift a run, which is one for as many weights as there are slots, and one byte for each
 * row and column. A graph that hashed them itself would need some thirty nodes, more bytes than they take; and one sign
 * for each weight, which cannot be stored, would take 115 bytes a weight to hash while loading in place of 28.
 */
export function shared(slots: Operator, shape: readonly number[], places: SharedPlaces, seed: number): Operator {
  const count = elements(slots.shape);
  const [rows, columns] = matrixOf(shape);
  const size = rows * columns;
  const runs = places.shifts.dims[0]!;
  const overhang = runs * count > size;
  const kernel = shape.length > 2;
  return {
    kind: 'shared',
    form: `shared ${count}`,
    shape,
    parameters: slots.parameters,
    bytes: slots.bytes + places.shifts.bytes + places.rows.bytes + places.columns.bytes,
    multiplyAdds: size,
    children: [slots],
    with: ([next]) => shared(next!, shape, places, seed),
    async toDense(multiply) {
      const values = await slots.toDense(multiply);
      const hashed = hashedFor(shape, seed);
      const shifts = shiftsOf(hashed, count);
      const signs = signsOf(hashed);
      const result = new Float32Array(size);
      for (let row = 0, at = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, at++) {
          const slot = (shifts[Math.floor(at / count)]! + (at % count)) % count;
          result[at] = signs.rows[row]! * signs.columns[column]! * values[slot]!;
        }
      }
      return result;
    },
    // The slots twice over, the numbers of their places, and for each weight of all runs: place, value, value in order.
    rebuildBytes:
      slots.rebuildBytes +
      4 * (3 * count + 3 * count + 3 * runs * count) +
      4 * (rows + columns) +
      4 * size * (3 + Number(overhang) + Number(kernel)),
    rebuild(writer) {
      const flat = reshaped(writer, slots.rebuild(writer), [count]);
      // A place beyond the last slot is one from the start again.
      const twice = writer.node('Concat', [flat, flat], { axis: 0 });
      const shifts = writer.constant(places.shifts, true);
      const numbers = cast(writer, counting(writer, count, zeroOf(writer, shifts)), DataType.INT32);
      const index = writer.node('Add', [shifts, reshaped(writer, numbers, [1, count])]);
      const runsOf = reshaped(writer, writer.node('Gather', [twice, index]), [runs * count]);
      const own = overhang ? cropped(writer, runsOf, [0], [size]) : runsOf;
      const sign = (array: StoredArray) => cast(writer, writer.constant(array), DATA_TYPE[writer.type]);
      const byRow = writer.node('Mul', [reshaped(writer, own, [rows, columns]), sign(places.rows)]);
      const matrix = writer.node('Mul', [byRow, sign(places.columns)]);
      return kernel ? reshaped(writer, matrix, shape) : matrix;
    },
  };
}

/** A zero, int64 [1], that is constant only where the shifts are. */
function zeroOf(writer: NodeWriter, shifts: string): string {
  const first = reshaped(writer, cropped(writer, shifts, [0], [1]), [1]);
  return cast(writer, writer.node('Sub', [first, first]), DataType.INT64);
}

const BASE = 16;

/** 0 … count − 1, int64. Range came with opset 11; before it, digits to the base of 16. */
function counting(writer: NodeWriter, count: number, zero: string): string {
  if (writer.opset >= 11) {
    const limits = [writer.int64([count], []), writer.int64([1], [])];
    return writer.node('Range', [reshaped(writer, zero, []), ...limits]);
  }
  const digits = writer.node('Add', [writer.int64(Array.from({ length: BASE }, (_, digit) => digit)), zero]);
  if (count <= BASE) return cropped(writer, digits, [0], [count]);
  const above = Math.ceil(count / BASE);
  const higher = reshaped(writer, counting(writer, above, zero), [above, 1]);
  const all = writer.node('Add', [writer.node('Mul', [higher, writer.int64([BASE])]), digits]);
  const flat = reshaped(writer, all, [above * BASE]);
  return above * BASE > count ? cropped(writer, flat, [0], [count]) : flat;
}
