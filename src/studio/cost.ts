import {
  breakEvenRank,
  rankForEnergy,
  rankForError,
  rankForSize,
  type TuckerRanks,
  truncationError,
  tuckerError,
  tuckerParameters,
  tuckerRanksForError,
  tuckerRanksForRank,
  tuckerRanksForSize,
} from '../engine/linalg/spectrum';
import type { LayerReport, LayerSpectrum, MatrixSpectrum, TuckerSpectrum } from '../worker/protocol';
import { budgetOf } from './state/recipe';
import type { Budget } from './store';

/** What a layer would cost under a budget. Exact: it follows from the layer's shape and its spectrum. */
export interface LayerCost {
  /** [r] for a matrix, [output, input] for Tucker-2. */
  readonly ranks: readonly number[];
  /** Of the factors, even where they would hold more than the dense weight. */
  readonly parameters: number;
  /** Relative Frobenius error of the weight; unknown until the spectrum is measured. */
  readonly error: number | undefined;
  /** Otherwise the layer stays as it is. */
  readonly smaller: boolean;
}

/** The sizes at which the strip of a layer shows its error. */
export const STRIP_SIZES = [0.7, 0.5, 0.3, 0.1] as const;

/** A k×k convolution: compressed on both channel sides. All else is a matrix. */
export const isTucker = ({ shape }: LayerReport): boolean => shape.slice(2).some((size) => size > 1);

function dimensions({ shape }: LayerReport): { out: number; inner: number; taps: number } {
  const [out, inner, ...kernel] = shape;
  return { out, inner, taps: kernel.reduce((product, size) => product * size, 1) };
}

/** The largest rank that changes anything: min(m, n), or the larger channel count of a convolution. */
export function maxRank(layer: LayerReport): number {
  const { out, inner } = dimensions(layer);
  return isTucker(layer) ? Math.max(out, inner) : Math.min(out, inner);
}

/**
 * The largest rank whose factors hold less than the dense weight: ⌈mn/(m+n)⌉ − 1 for a matrix; for a convolution the
 * largest r, taken on both channel sides, with C·r + r²·K + T·r < T·C·K. 0 where there is none.
 */
export function breakEven(layer: LayerReport): number {
  const { out, inner, taps } = dimensions(layer);
  if (!isTucker(layer)) return Math.ceil(breakEvenRank(out, inner)) - 1;
  let rank = 0;
  const smaller = (r: number) =>
    tuckerParameters(out, inner, taps, tuckerRanksForRank(out, inner, r)) < layer.parameters;
  while (rank < maxRank(layer) && smaller(rank + 1)) rank++;
  return rank;
}

// A slider asks for the same layer again and again, and several components ask at once.
const latest = new WeakMap<
  LayerReport,
  { budget: Budget; spectrum: LayerSpectrum | undefined; cost: LayerCost | undefined }
>();

/** Undefined where the budget's rank follows from a spectrum that is not there yet. */
export function layerCost(
  layer: LayerReport,
  spectrum: LayerSpectrum | undefined,
  budget: Budget,
): LayerCost | undefined {
  const known = latest.get(layer);
  if (known && known.budget === budget && known.spectrum === spectrum) return known.cost;
  const cost = isTucker(layer)
    ? tuckerCost(layer, spectrum as TuckerSpectrum | undefined, budget)
    : matrixCost(layer, spectrum as MatrixSpectrum | undefined, budget);
  latest.set(layer, { budget, spectrum, cost });
  return cost;
}

function matrixCost(
  layer: LayerReport,
  spectrum: MatrixSpectrum | undefined,
  { kind, value }: Budget,
): LayerCost | undefined {
  const { out, inner } = dimensions(layer);
  let rank: number;
  if (kind === 'rank') rank = Math.min(value, maxRank(layer));
  else if (kind === 'size') rank = Math.min(rankForSize(out, inner, value), maxRank(layer));
  else if (!spectrum) return undefined;
  else rank = kind === 'energy' ? rankForEnergy(spectrum.values, value) : rankForError(spectrum.values, value);
  const parameters = rank * (out + inner);
  return {
    ranks: [rank],
    parameters,
    error: spectrum && truncationError(spectrum.values, rank),
    smaller: parameters < layer.parameters,
  };
}

function tuckerCost(
  layer: LayerReport,
  spectrum: TuckerSpectrum | undefined,
  { kind, value }: Budget,
): LayerCost | undefined {
  const { out, inner, taps } = dimensions(layer);
  let ranks: TuckerRanks;
  if (kind === 'rank') ranks = tuckerRanksForRank(out, inner, value);
  else if (kind === 'size') ranks = tuckerRanksForSize(out, inner, taps, value);
  else if (!spectrum) return undefined;
  else ranks = tuckerRanksForError(spectrum, taps, kind === 'error' ? value : Math.sqrt(1 - value));
  const { rOut, rIn } = ranks;
  const parameters = tuckerParameters(out, inner, taps, ranks);
  return {
    ranks: [rOut, rIn],
    parameters,
    error: spectrum && tuckerError(spectrum, rOut, rIn),
    smaller: parameters < layer.parameters,
  };
}

const strips = new WeakMap<LayerSpectrum, readonly number[]>();

/** Relative error at each of `STRIP_SIZES`. */
export function errorsAtSizes(layer: LayerReport, spectrum: LayerSpectrum): readonly number[] {
  let errors = strips.get(spectrum);
  if (!errors) {
    errors = STRIP_SIZES.map((value) => {
      const budget: Budget = { kind: 'size', value };
      const cost =
        spectrum.kind === 'matrix' ? matrixCost(layer, spectrum, budget) : tuckerCost(layer, spectrum, budget);
      return cost?.error ?? 0;
    });
    strips.set(spectrum, errors);
  }
  return errors;
}

export interface TotalCost {
  readonly before: { readonly bytes: number; readonly parameters: number };
  /** Layers that would not get smaller, or whose cost is not known yet, count as they are. */
  readonly after: { readonly bytes: number; readonly parameters: number };
  /** The largest error among the layers that would be compressed. */
  readonly worst: { readonly layer: LayerReport; readonly error: number } | undefined;
  /** How many of those lose more than half of their norm. */
  readonly heavy: number;
  readonly ranks: readonly (readonly number[])[];
  /**
   * Multiply-adds after over before, each layer counted once for every row of its input, convolutions as if their
   * stride were 1: then both are counted by parameters.
   */
  readonly multiplyAdds: number;
  readonly skipped: number;
  readonly unknown: number;
}

/** A weight that loses more of its norm than it keeps seldom leaves a model that works. */
export const HEAVY_ERROR = 0.5;

/** Several layers under their budgets. Of a single layer the factors are counted even where they would be skipped. */
export function totalCost(
  layers: readonly LayerReport[],
  spectra: ReadonlyMap<string, LayerSpectrum>,
  budgets: ReadonlyMap<string, Budget>,
): TotalCost {
  const before = { bytes: 0, parameters: 0 };
  const after = { bytes: 0, parameters: 0 };
  const ranks: (readonly number[])[] = [];
  let worst: TotalCost['worst'];
  let heavy = 0;
  let skipped = 0;
  let unknown = 0;
  for (const layer of layers) {
    const cost = layerCost(layer, spectra.get(layer.id), budgetOf(budgets, layer.id));
    const counted = cost && (cost.smaller || layers.length === 1) ? cost.parameters : layer.parameters;
    before.bytes += layer.bytes;
    before.parameters += layer.parameters;
    after.parameters += counted;
    after.bytes += (layer.bytes * counted) / layer.parameters;
    if (!cost) unknown++;
    else {
      ranks.push(cost.ranks);
      if (!cost.smaller) skipped++;
      const considered = cost.smaller || layers.length === 1;
      if (considered && cost.error !== undefined) {
        if (!worst || cost.error > worst.error) worst = { layer, error: cost.error };
        if (cost.error > HEAVY_ERROR) heavy++;
      }
    }
  }
  return { before, after, worst, heavy, ranks, multiplyAdds: after.parameters / before.parameters, skipped, unknown };
}
