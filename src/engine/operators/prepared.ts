import type { PreparedWeight, WeightMaker } from '../backend/weights';
import type { Operator } from './operator';

/** Prepares operators one after the other and passes them to `make`. Frees them all where anything fails. */
export async function preparedFrom<P extends PreparedWeight>(
  on: WeightMaker<P>,
  operators: readonly Operator[],
  make: (parts: readonly P[]) => P | Promise<P>,
): Promise<P> {
  const parts: P[] = [];
  try {
    for (const operator of operators) parts.push(await operator.prepare(on));
    return await make(parts);
  } catch (error) {
    for (const part of parts) part.free();
    throw error;
  }
}
