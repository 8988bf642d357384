import type { FloatType, LayerReport, LayerSpectrum, Operator, PlannedStep, TrainSpectrum } from '../engine/page/light';
import { methods, plannedDense, planStack } from '../engine/page/planning';
import { checked } from './methods';
import type { Stack } from './store';

/** The plan of a stack on one layer: sizes at once, and errors where they follow from the spectrum. */
export interface StackPlan {
  /** Up to the first step whose options are refused. */
  readonly steps: readonly PlannedStep[];
  readonly fault?: string;
}

/** The sizes at which the strip of a layer shows its error. */
export const STRIP_SIZES = [0.7, 0.5, 0.3, 0.1] as const;

/** A k×k convolution is compressed on both channel sides. All else is a matrix. */
export const isTucker = ({ shape }: LayerReport): boolean => shape.slice(2).some((size) => size > 1);

/** The largest rank that changes anything: min(m, n), or the larger channel count of a convolution. */
export function maxRank(layer: LayerReport): number {
  const [out, inner] = layer.shape;
  return isTucker(layer) ? Math.max(out, inner) : Math.min(out, inner);
}

/** What plans depend on besides sizes. */
export interface Known {
  readonly opset: number;
  readonly spectra: ReadonlyMap<string, LayerSpectrum>;
  /** Spectra of the cuts of a tensor train, by layer, where a trial measured them. */
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

/** A layer's weight without its values. */
const leafOf = ({ shape, dtype }: LayerReport) => plannedDense(shape, dtype as FloatType);

/** The method whose truncations the layer list and its charts show. */
const truncating = () => methods.find(({ truncation }) => truncation !== undefined)!;

const evens = new WeakMap<LayerReport, { readonly opset: number; readonly rank: number }>();

/** The largest rank at which truncating the layer's spectrum makes the file smaller; 0 where there is none. */
export function breakEven(layer: LayerReport, opset: number): number {
  const known = evens.get(layer);
  if (known?.opset === opset) return known.rank;
  const rank = truncating().truncation!.breakEven(leafOf(layer), { op: layer.op, opset });
  evens.set(layer, { opset, rank });
  return rank;
}

/**
 * ‖W−Ŵ‖/‖W‖ after the first `count` steps, if each of them predicts what it adds. Errors of steps are taken as
 * orthogonal.
 */
export function predictedError({ steps }: StackPlan, count = steps.length): number | undefined {
  let squares = 0;
  for (const { added } of steps.slice(0, count)) {
    if (added === undefined) return undefined;
    squares += added ** 2;
  }
  return Math.sqrt(squares);
}

/**
 * Where the first step truncates the spectrum of a layer, and the error of that, unless it is whitened. Undefined where
 * the first step truncates none.
 */
export function cutOf(
  layer: LayerReport,
  known: Known,
  stack: Stack,
): { readonly ranks: readonly number[]; readonly error: number | undefined; readonly smaller: boolean } | undefined {
  const [step] = stack;
  const method = step && methods.find(({ name }) => name === step.method);
  const result = method?.truncation && checked(step);
  if (!result || 'fault' in result) return undefined;
  const leaf = leafOf(layer);
  const context = { op: layer.op, opset: known.opset, spectrum: known.spectra.get(layer.id) };
  const ranks = method.truncation!.kept(leaf, result.options, context);
  // The curves show both channel sides. A whitened kernel is cut on the output side of its unfolding only.
  if (!ranks || (isTucker(layer) && ranks.length === 1)) return undefined;
  const [planned] = planOf(layer, known, stack).steps;
  const smaller = planned.operator !== undefined && planned.skipped === undefined;
  return { ranks, error: method.predict?.(leaf, result.options, context), smaller };
}

const strips = new WeakMap<LayerSpectrum, readonly number[]>();

/** Relative error of a truncation at each of `STRIP_SIZES`. */
export function errorsAtSizes(layer: LayerReport, spectrum: LayerSpectrum): readonly number[] {
  let errors = strips.get(spectrum);
  if (!errors) {
    const method = truncating();
    const context = { op: layer.op, opset: 0, spectrum };
    errors = STRIP_SIZES.map((size) => method.predict?.(leafOf(layer), method.truncation!.ofSize(size), context) ?? 0);
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
