import { storedForms } from '../model/forms';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import { matchesCompressed, type NamedWeight } from './patterns';
import type { SkippedLayerReport } from './report';
import type { Recipe } from './schema';

/** A weight that was compressed before and is no layer any more: a pattern may name it, but nothing is left to do. */
export interface CompressedBefore extends NamedWeight {
  readonly form: string;
}

/** Finds those weights. Factors of a weight are layers themselves, and can be compressed again. */
export function compressedBefore(model: Model, layers: readonly Layer[]): CompressedBefore[] {
  const tensors = new Set(layers.map(({ tensor }) => tensor));
  return storedForms(model).filter((form) => !form.tensors.some((tensor) => tensors.has(tensor)));
}

/** Those of them that some step selects, each with why it is skipped. */
export function skippedAsCompressed({ steps }: Recipe, before: readonly CompressedBefore[]): SkippedLayerReport[] {
  const selected = before.filter((weight) =>
    steps.some(({ layers, ignore }) => {
      const named = (pattern: string) => matchesCompressed(pattern)(weight);
      return layers.some(named) && !ignore.some(named);
    }),
  );
  return selected.map(({ name, form }) => ({ name, reason: `already compressed: ${form}`, already: true }));
}
