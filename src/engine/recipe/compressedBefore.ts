import { storedForms } from '../model/forms';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import type { SkippedLayerReport } from './report';
import type { Recipe } from './schema';
import { matcherBefore } from './select';

/** A weight that was compressed before, of which no layer is left: a pattern may name it, but nothing is left to do. */
export interface CompressedBefore {
  readonly id: string;
  readonly name: string;
  readonly op: string;
  readonly form: string;
}

/** What was compressed before and is no layer any more. Factors are layers, and can be compressed again. */
export function compressedBefore(model: Model, layers: readonly Layer[]): CompressedBefore[] {
  const tensors = new Set(layers.map(({ tensor }) => tensor));
  return storedForms(model).filter((form) => !form.tensors.some((tensor) => tensors.has(tensor)));
}

/** Why those of them are left that some step selects. */
export function leftBefore({ steps }: Recipe, before: readonly CompressedBefore[]): SkippedLayerReport[] {
  const selected = before.filter((one) =>
    steps.some(({ layers, ignore }) => {
      const named = (pattern: string) => matcherBefore(pattern)(one);
      return layers.some(named) && !ignore.some(named);
    }),
  );
  return selected.map(({ name, form }) => ({ name, reason: `already compressed: ${form}`, already: true }));
}
