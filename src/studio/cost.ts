import { breakEvenRank, tuckerParameters, tuckerRanksForRank } from '../engine/linalg/spectrum';
import { type SvdOptions, svd, svdRanks } from '../engine/methods/svd/svd';
import { plannedDense } from '../engine/operators/dense/dense';
import type { FloatType, Operator } from '../engine/operators/operator';
import { type PlannedStep, planStack } from '../engine/recipe/plan';
import type { LayerReport, LayerSpectrum, TrainSpectrum } from '../worker/protocol';
import { checked } from './methods';
import type { Stack } from './store';

/** What a stack will make of a layer: sizes at once, errors where they follow from the spectrum. */
export interface StackPlan {
  /** Up to the first step whose options are refused. */
  readonly steps: readonly PlannedStep[];
  readonly fault?: string;
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

/** What plans follow from beside sizes. */
export interface Known {
  readonly opset: number;
  readonly spectra: ReadonlyMap<string, LayerSpectrum>;
  /** Of the cuts of a train, where one was tried; by layer. */
  readonly trains?: ReadonlyMap<string, TrainSpectrum>;
}

interface Latest {
  readonly stack: Stack;
  readonly spectrum: LayerSpectrum | undefined;
  readonly train: TrainSpectrum | undefined;
  readonly opset: number;
  readonly plan: StackPlan;
}

// A slider asks for the same layer again and again, and several components ask at once.
const latest = new WeakMap<LayerReport, Latest>();

export function planOf(layer: LayerReport, { opset, spectra, trains }: Known, stack: Stack): StackPlan {
  const [spectrum, train] = [spectra.get(layer.id), trains?.get(layer.id)];
  const known = latest.get(layer);
  if (known && known.stack === stack && known.spectrum === spectrum && known.train === train && known.opset === opset) {
    return known.plan;
  }
  const steps: { method: string; options: unknown }[] = [];
  let fault: string | undefined;
  for (const step of stack) {
    const result = checked(step);
    if ('fault' in result) {
      fault = result.fault;
      break;
    }
    steps.push({ method: step.method, options: result.options });
  }
  const { shape, op, dtype, noInput } = layer;
  const type = dtype as FloatType;
  const planned = planStack({ shape, op, opset, spectrum, train, type, noInput }, steps);
  const plan = { steps: planned, ...(fault !== undefined && { fault }) };
  latest.set(layer, { stack, spectrum, train, opset, plan });
  return plan;
}

const evens = new WeakMap<LayerReport, { readonly opset: number; readonly rank: number }>();

/**
 * The largest rank at which a truncated SVD makes the file smaller, on both channel sides of a convolution: the last below
 * mn/(m+n) (for a convolution the last r with C·r + r²·K + T·r < T·C·K) whose nodes do not take what its factors save. 0
 * where there is none.
 */
export function breakEven(layer: LayerReport, opset: number): number {
  const known = evens.get(layer);
  if (known?.opset === opset) return known.rank;
  const { out, inner, taps } = dimensions(layer);
  const { shape, op, dtype, parameters } = layer;
  const fits = (r: number) => tuckerParameters(out, inner, taps, tuckerRanksForRank(out, inner, r)) < parameters;
  let rank = isTucker(layer) ? 0 : Math.ceil(breakEvenRank(out, inner)) - 1;
  if (isTucker(layer)) while (rank < maxRank(layer) && fits(rank + 1)) rank++;
  const planned = { shape, op, opset, type: dtype as FloatType };
  const saves = () => {
    const options = svd.options.parse({ rank });
    return planStack(planned, [{ method: svd.name, options }])[0].skipped === undefined;
  };
  // Nodes take what a few ranks do.
  while (rank > 0 && !saves()) rank--;
  evens.set(layer, { opset, rank });
  return rank;
}

/** ‖W−Ŵ‖/‖W‖ after the first `count` steps, where every one of them knows what it adds: as good as orthogonal errors. */
export function predictedError({ steps }: StackPlan, count = steps.length): number | undefined {
  let squares = 0;
  for (const { added } of steps.slice(0, count)) {
    if (added === undefined) return undefined;
    squares += added ** 2;
  }
  return Math.sqrt(squares);
}

/** Where a truncated SVD cuts the spectrum of a layer, and what is lost there (unless whitened); undefined where no such step is first. */
export function cutOf(
  layer: LayerReport,
  known: Known,
  stack: Stack,
): { readonly ranks: readonly number[]; readonly error: number | undefined; readonly smaller: boolean } | undefined {
  const [step] = stack;
  const result = step?.method === svd.name ? checked(step) : undefined;
  if (!result || 'fault' in result) return undefined;
  const leaf = plannedDense(layer.shape, layer.dtype as FloatType);
  const spectrum = known.spectra.get(layer.id);
  const [options, context] = [result.options as SvdOptions, { op: layer.op, opset: known.opset, spectrum }];
  const ranks = svdRanks(leaf, options, context);
  // A whitened kernel is cut by the outputs of its unfolding alone, and these curves are of both channel sides.
  if (!ranks || (isTucker(layer) && ranks.length === 1)) return undefined;
  const [planned] = planOf(layer, known, stack).steps;
  const smaller = planned.operator !== undefined && planned.skipped === undefined;
  return { ranks, error: svd.predict!(leaf, options, context), smaller };
}

const strips = new WeakMap<LayerSpectrum, readonly number[]>();

/** Relative error of a truncation at each of `STRIP_SIZES`. */
export function errorsAtSizes({ shape, op, dtype }: LayerReport, spectrum: LayerSpectrum): readonly number[] {
  let errors = strips.get(spectrum);
  if (!errors) {
    const leaf = plannedDense(shape, dtype as FloatType);
    errors = STRIP_SIZES.map((size) => svd.predict!(leaf, { size }, { op, opset: 0, spectrum }) ?? 0);
    strips.set(spectrum, errors);
  }
  return errors;
}

/** What the layer is after the first `count` steps; undefined where that is not known. */
export function operatorAfter({ steps }: StackPlan, count = steps.length): Operator | undefined {
  return steps[Math.min(count, steps.length) - 1]?.operator;
}

/** Whether the sizes after the first `count` steps are estimates. */
export const isEstimated = ({ steps }: StackPlan, count = steps.length): boolean =>
  steps[Math.min(count, steps.length) - 1]?.estimated ?? false;
