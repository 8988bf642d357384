import type { LayerReport, StackStep } from '../../engine/page/light';
import { formOf } from '../methods';
import { stackKey, stackOf } from '../state/recipe';
import { type Stack, useStudio } from '../store';

/** The stack in view and its edits; every edit applies to all layers in view. */
export interface StackView {
  readonly layers: readonly LayerReport[];
  readonly ids: readonly string[];
  /** Of the first layer. */
  readonly stack: Stack;
  /** The layers' stacks differ. */
  readonly mixed: boolean;
  /** The step in view; −1 where there is none. */
  readonly index: number;
  replace(at: number, step: StackStep): void;
  /** Does nothing where `to` is beyond the ends. */
  move(from: number, to: number): void;
  remove(at: number): void;
}

export function useStack(layers: readonly LayerReport[]): StackView {
  const stacks = useStudio((state) => state.stacks);
  const step = useStudio((state) => state.step);
  const setStack = useStudio((state) => state.setStack);
  const showStep = useStudio((state) => state.showStep);
  const ids = layers.map(({ id }) => id);
  const stack = stackOf(stacks, ids[0]);
  const mixed = ids.some((id) => stackKey(stackOf(stacks, id)) !== stackKey(stack));
  return {
    layers,
    ids,
    stack,
    mixed,
    index: Math.min(step, stack.length - 1),
    replace: (at, changed) => setStack(ids, stack.with(at, changed), whatChanges(ids, at, stack[at], changed)),
    move(from, to) {
      if (to < 0 || to >= stack.length) return;
      setStack(ids, stack.toSpliced(from, 1).toSpliced(to, 0, stack[from]));
      showStep(to);
    },
    remove(at) {
      setStack(ids, stack.toSpliced(at, 1));
      showStep(Math.max(0, at - 1));
    },
  };
}

/** The options that differ, of this step of these layers; nothing where one is chosen, as each choice is an edit of its own. */
function whatChanges(ids: readonly string[], at: number, before: StackStep, after: StackStep): string | undefined {
  const keys = Object.keys({ ...before.options, ...after.options });
  const changed = keys.filter((key) => JSON.stringify(before.options[key]) !== JSON.stringify(after.options[key]));
  const controls = formOf(after.method)?.controls ?? [];
  const chosen = controls.some(({ key, kind }) => changed.includes(key) && (kind === 'choice' || kind === 'toggle'));
  return chosen ? undefined : JSON.stringify([ids, at, changed.sort()]);
}
