import type { SensitivityCell, SensitivityReport } from '../../engine/page/light';
import { stackKey } from '../state/recipe';
import type { Edited, Stack } from '../state/types/stacks';
import { BEST } from './map';

type Chosen = Pick<Edited, 'stacks' | 'included'>;

/** A cell for a layer, by layer id; null: the layer stays as it is. */
export type Choice = ReadonlyMap<string, SensitivityCell | null>;

/** The cells that the recipe takes, by layer id: ticked layers whose steps are those of a cell. */
export function chosenCells({ cells }: SensitivityReport, { stacks, included }: Chosen): Map<string, SensitivityCell> {
  const found = new Map<string, SensitivityCell>();
  for (const cell of cells) {
    const stack = included.has(cell.layer) ? stacks.get(cell.layer) : undefined;
    if (stack && cell.steps && stackKey(stack) === stackKey(cell.steps)) found.set(cell.layer, cell);
  }
  return found;
}

/**
 * Stacks and ticks after cells were chosen. Layers that are ticked only because a new model begins with them ticked, and
 * have no steps of the user's, are unticked: the recipe is what was chosen. All other layers stay as they are.
 */
export function withCells({ stacks, included }: Chosen, choice: Choice): Chosen {
  const nextStacks = new Map(stacks);
  const next = new Set([...included].filter((id) => stacks.has(id)));
  for (const [id, cell] of choice) {
    if (cell?.steps) {
      nextStacks.set(id, cell.steps as Stack);
      next.add(id);
    } else next.delete(id);
  }
  return { stacks: nextStacks, included: next };
}

/**
 * For every layer the smallest cell whose measured damage is below a limit, of one line or of all; null for a layer without
 * one. Estimates choose nothing.
 */
export function cellsBelow({ layers, cells }: SensitivityReport, line: string, limit: number): Choice {
  const found = new Map<string, SensitivityCell | null>(layers.map(({ id }) => [id, null]));
  for (const cell of cells) {
    if (!cell.damage || !cell.steps || !(cell.damage.mean < limit) || !(line === BEST || cell.line === line)) continue;
    const best = found.get(cell.layer);
    if (best === undefined) continue;
    if (best === null || isBetter(cell, best)) found.set(cell.layer, cell);
  }
  return found;
}

/** Smaller, or as small with less damage. */
const isBetter = (a: SensitivityCell, b: SensitivityCell): boolean =>
  a.bytes! < b.bytes! || (a.bytes === b.bytes && a.damage!.mean < b.damage!.mean);
