import { breakEvenRank, tuckerParameters, tuckerRanksForRank } from '../engine/linalg/spectrum';
import { isSkipped } from '../engine/methods/method';
import { type SvdOptions, svd, svdRanks } from '../engine/methods/svd';
import { plannedDense } from '../engine/operators/dense';
import { exportedMultiplyAdds } from '../engine/operators/exported';
import { type Aim, DEFAULT_EXPORT } from '../engine/operators/forms';
import { type FloatType, isDense, type Mode, type Operator } from '../engine/operators/operator';
import { type PlannedStep, planStack } from '../engine/recipe/plan';
import type { LayerReport, LayerSpectrum } from '../worker/protocol';
import { checked } from './methods';
import { stackOf } from './state/recipe';
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
  { stack: Stack; spectrum: LayerSpectrum | undefined; opset: number; plan: StackPlan }
>();

export function planOf(
  layer: LayerReport,
  opset: number,
  spectrum: LayerSpectrum | undefined,
  stack: Stack,
): StackPlan {
  const known = latest.get(layer);
  if (known && known.stack === stack && known.spectrum === spectrum && known.opset === opset) return known.plan;
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
  const { shape, op, dtype } = layer;
  const planned = planStack({ shape, op, opset, spectrum, type: dtype as FloatType }, steps);
  const plan = { steps: planned, ...(fault !== undefined && { fault }) };
  latest.set(layer, { stack, spectrum, opset, plan });
  return plan;
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
  spectrum: LayerSpectrum,
  stack: Stack,
): { readonly ranks: readonly number[]; readonly error: number | undefined; readonly smaller: boolean } | undefined {
  const [step] = stack;
  const result = step?.method === svd.name ? checked(step) : undefined;
  if (!result || 'fault' in result) return undefined;
  const leaf = plannedDense(layer.shape, layer.dtype as FloatType);
  const [options, context] = [result.options as SvdOptions, { op: layer.op, opset: 0, spectrum }];
  const ranks = svdRanks(leaf, options, context);
  // A whitened kernel is cut by the outputs of its unfolding alone, and these curves are of both channel sides.
  if (!ranks || (isTucker(layer) && ranks.length === 1)) return undefined;
  const planned = svd.plan(leaf, options, context);
  const smaller = planned !== 'unknown' && !isSkipped(planned);
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

export interface TotalCost {
  readonly before: Sizes;
  /** Layers whose cost is not known yet count as they are. */
  readonly after: Sizes;
  /** The largest error among the layers that would change. */
  readonly worst: { readonly layer: LayerReport; readonly error: number } | undefined;
  /** How many of those lose more than half of their norm. */
  readonly heavy: number;
  /** What the layers would be: each distinct form once. */
  readonly forms: readonly string[];
  /** Layers that no step would change. */
  readonly skipped: number;
  readonly unknown: number;
}

/** `multiplyAdds` for one token, or one position of each convolution's output at stride 1, as the exported model computes. */
export interface Sizes {
  readonly bytes: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** A weight that loses more of its norm than it keeps seldom leaves a model that works. */
export const HEAVY_ERROR = 0.5;

/** What is planned for: the page's model, its spectra, its stacks. */
export interface Plans {
  readonly opset: number;
  readonly spectra: ReadonlyMap<string, LayerSpectrum>;
  readonly stacks: ReadonlyMap<string, Stack>;
  /** What the export is to be best at; speed where it is not said. */
  readonly aim?: Aim | undefined;
}

/** Several layers under their stacks, or under the first `count` steps of them. */
export function totalCost(
  layers: readonly LayerReport[],
  { opset, spectra, stacks, aim = DEFAULT_EXPORT.aim }: Plans,
  count = Number.POSITIVE_INFINITY,
): TotalCost {
  const before = { bytes: 0, parameters: 0, multiplyAdds: 0 };
  const after = { bytes: 0, parameters: 0, multiplyAdds: 0 };
  const forms = new Set<string>();
  let worst: TotalCost['worst'];
  let heavy = 0;
  let skipped = 0;
  let unknown = 0;
  for (const layer of layers) {
    const { bytes, parameters } = layer;
    const dense = { bytes, parameters, multiplyAdds: parameters };
    const plan = planOf(layer, opset, spectra.get(layer.id), stackOf(stacks, layer.id));
    const operator = operatorAfter(plan, count);
    add(before, dense);
    const { bytes: stored, parameters: kept } = operator ?? dense;
    const multiplyAdds = operator ? exportedMultiplyAdds(operator, modeOf(layer), { aim }) : parameters;
    add(after, { bytes: stored, parameters: kept, multiplyAdds });
    if (!operator) unknown++;
    else if (operator.bytes === bytes) skipped++;
    else {
      forms.add(
        isDense(operator) && operator.parameters < parameters ? `cut to ${operator.shape.join('×')}` : operator.form,
      );
      const error = predictedError(plan, count);
      if (error === undefined) continue;
      if (!worst || error > worst.error) worst = { layer, error };
      if (error > HEAVY_ERROR) heavy++;
    }
  }
  return { before, after, worst, heavy, forms: [...forms], skipped, unknown };
}

/** How the layer meets its input, as far as its report tells: a matrix on the left counts as one on the right. */
function modeOf({ op, grouped }: LayerReport): Mode {
  if (op === 'Conv') return grouped ? 'convGrouped' : 'conv';
  return op === 'Gather' ? 'gather' : 'rows';
}

/** What the layer is after the first `count` steps; undefined where that is not known. */
export function operatorAfter({ steps }: StackPlan, count = steps.length): Operator | undefined {
  return steps[Math.min(count, steps.length) - 1]?.operator;
}

function add(sum: { bytes: number; parameters: number; multiplyAdds: number }, part: Sizes): void {
  sum.bytes += part.bytes;
  sum.parameters += part.parameters;
  sum.multiplyAdds += part.multiplyAdds;
}
