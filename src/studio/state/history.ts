import { stackKey, stackOf } from './recipe';
import type { HistorySlice, Occasion } from './types/history';
import type { Edited } from './types/stacks';
import type { Slice, Studio } from './types/studio';

/** The oldest edits are dropped. */
const MOST_EDITS = 100;

/** Edits of the same thing within this time are one edit: a number is typed digit by digit. */
const PAUSE_MS = 1000;

export const historySlice: Slice<HistorySlice> = (set, get) => ({
  past: [],
  future: [],
  edit(part, what) {
    set({ ...part, ...recorded(get(), part, { what, gesture: gestures, ms: performance.now() }) });
  },
  undo() {
    set(undone(get()));
  },
  redo() {
    set(redone(get()));
  },
});

type Remembered = Pick<Studio, keyof Edited | 'selection' | 'step' | 'past' | 'future'>;

/**
 * The history after an edit to `part` of `state`. An edit adds an entry, unless it continues the last one or changes
 * nothing. An edit that undoes the last one by hand removes its entry.
 */
export function recorded(
  state: Remembered,
  part: Partial<Edited>,
  occasion: Occasion,
): Partial<Pick<HistorySlice, 'past' | 'future'>> {
  const last = state.past.at(-1);
  const next = { ...state, ...part };
  if (last && state.future.length === 0 && goesOn(last.occasion, occasion)) {
    const others = state.past.slice(0, -1);
    return { past: alike(last.before, next) ? others : [...others, { ...last, occasion }] };
  }
  if (alike(state, next)) return {};
  return { past: [...state.past, { before: momentOf(state), occasion }].slice(-MOST_EDITS), future: [] };
}

function goesOn(last: Occasion | undefined, now: Occasion): boolean {
  if (last?.what === undefined || last.what !== now.what) return false;
  return last.gesture === now.gesture || now.ms - last.ms < PAUSE_MS;
}

/** The state before the last edit, with the layers in view on which it was made; empty where there is no edit. */
export function undone(state: Remembered): Partial<Studio> {
  const last = state.past.at(-1);
  if (!last) return {};
  const { before } = last;
  const now = { ...momentOf(state), selection: before.selection };
  return { ...before, past: state.past.slice(0, -1), future: [...state.future, now] };
}

export function redone(state: Remembered): Partial<Studio> {
  const next = state.future.at(-1);
  if (!next) return {};
  const before = { ...momentOf(state), selection: next.selection };
  return { ...next, past: [...state.past, { before }], future: state.future.slice(0, -1) };
}

const momentOf = ({ stacks, included, settings, fixedRecipe, selection, step }: Remembered) => ({
  stacks,
  included,
  settings,
  fixedRecipe,
  selection,
  step,
});

function alike(a: Edited, b: Edited): boolean {
  if (a.fixedRecipe !== b.fixedRecipe || JSON.stringify(a.settings) !== JSON.stringify(b.settings)) return false;
  if (a.included.size !== b.included.size || [...a.included].some((id) => !b.included.has(id))) return false;
  const ids = new Set([...a.stacks.keys(), ...b.stacks.keys()]);
  return [...ids].every((id) => stackKey(stackOf(a.stacks, id)) === stackKey(stackOf(b.stacks, id)));
}

let gestures = 0;

if (typeof window !== 'undefined') {
  const count = (event: Event) => {
    // A key that is held down repeats its event, but was pressed once.
    if (!(event instanceof KeyboardEvent && event.repeat)) gestures++;
  };
  window.addEventListener('pointerdown', count, true);
  window.addEventListener('keydown', count, true);
}
