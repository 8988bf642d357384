/**
 * Which rows are highlighted after a click or a key press, as in other lists. A pure function, so that tests need no
 * page.
 */
export interface Chosen {
  /** All rows, in the order shown. */
  readonly ids: readonly string[];
  readonly selected: ReadonlySet<string>;
  /** The row where a range began. */
  readonly anchor: string | null;
}
export interface Choice {
  /** Absent: only the focus moves, and the highlighted rows stay. */
  readonly selected?: ReadonlySet<string>;
  readonly anchor: string;
  readonly focus: string;
}
export interface Modifiers {
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

export function afterClick({ ids, selected, anchor }: Chosen, id: string, keys: Modifiers): Choice {
  if (keys.shiftKey) return { selected: range(ids, anchor ?? id, id), anchor: anchor ?? id, focus: id };
  if (keys.ctrlKey || keys.metaKey) return { selected: toggled(selected, id), anchor: id, focus: id };
  return { selected: new Set([id]), anchor: id, focus: id };
}

/** Undefined for a key without a meaning here. Ctrl with an arrow key moves only the focus. */
export function afterKey(
  { ids, selected, anchor }: Chosen,
  focus: string,
  { key, shiftKey, ctrlKey, metaKey }: Modifiers & { readonly key: string },
): Choice | undefined {
  const at = ids.indexOf(focus);
  if (key === ' ') return { selected: toggled(selected, focus), anchor: focus, focus };
  if (key.toLowerCase() === 'a' && (ctrlKey || metaKey)) {
    return { selected: new Set(ids), anchor: ids[0], focus };
  }
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: ids.length - 1, PageDown: at + 10, PageUp: at - 10 }[
    key
  ];
  if (to === undefined) return undefined;
  const next = ids[Math.min(ids.length - 1, Math.max(0, to))];
  if (shiftKey) {
    const from = anchor !== null && ids.includes(anchor) ? anchor : focus;
    return { selected: range(ids, from, next), anchor: from, focus: next };
  }
  if (ctrlKey || metaKey) return { anchor: next, focus: next };
  return { selected: new Set([next]), anchor: next, focus: next };
}

function toggled(selected: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(selected);
  if (!next.delete(id)) next.add(id);
  return next;
}

function range(ids: readonly string[], from: string, to: string): ReadonlySet<string> {
  const a = ids.indexOf(from);
  const b = ids.indexOf(to);
  return a < 0 ? new Set([to]) : new Set(ids.slice(Math.min(a, b), Math.max(a, b) + 1));
}
