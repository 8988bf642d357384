import { type Binding, type Dispatch, dispatch } from '../dispatcher';
import { copyColumnsKernel } from './kernels';

// Workgroups that a dispatch may have in one direction.
const MOST_TOKENS = 65535;

interface Place {
  /** Of the source. */
  readonly columns: number;
  /** Of the copy, those beyond the source's zero. */
  readonly written: number;
  /** From one row of the copy to the next. */
  readonly stride: number;
  readonly firstColumn: number;
  readonly accumulate: number;
}

/** Copies the columns of [tokens, columns] into the columns of another matrix, or adds them there. */
export function* copyColumns(from: Binding, to: Binding, tokens: number, place: Place): Generator<Dispatch> {
  for (let firstToken = 0; firstToken < tokens; firstToken += MOST_TOKENS) {
    const here = Math.min(MOST_TOKENS, tokens - firstToken);
    yield dispatch(copyColumnsKernel, { ...place, firstToken, tokens: here }, [from, to], here * place.written);
  }
}
