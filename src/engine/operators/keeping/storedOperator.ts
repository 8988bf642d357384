import { offHeap } from '../../model/offHeap';
import type { Reference } from '../../store/records';
import type { Store, Writer } from '../../store/store';
import type { Operator } from '../operator';
import { type KeptOperator, keepOperator, restoreOperator } from './keptOperator';

/** An operator in a store: a part of some record, and its bytes as one artefact. */
export interface StoredOperator {
  readonly kept: KeptOperator;
  readonly artefact: Reference;
}

/** Puts the operator's bytes. The record that will hold the answer must refer to its `artefact`. */
export async function putOperator(operator: Operator, { put }: Writer, signal?: AbortSignal): Promise<StoredOperator> {
  const { kept, bytes, chunks } = keepOperator(operator);
  return { kept, artefact: await put(chunks(signal), bytes) };
}

/** The operator over the store's own file, for as long as a record refers to it. Undefined where it is gone or damaged. */
export async function openOperator(
  { kept, artefact }: StoredOperator,
  store: Store,
  signal?: AbortSignal,
): Promise<Operator | undefined> {
  const source = (await store.check(artefact, signal)) ? await store.artefact(artefact) : undefined;
  return source && restoreOperator(kept, source);
}

/** The operator over a copy of its bytes off the heap, which stays whatever becomes of the store. */
export async function copyOperator({ kept, artefact }: StoredOperator, store: Store): Promise<Operator | undefined> {
  const bytes = await store.bytes(artefact);
  return bytes && restoreOperator(kept, { name: 'a kept operator', ...offHeap(bytes) });
}
