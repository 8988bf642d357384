import type { Calibration } from '../calibration/calibration';
import type { LongCall } from '../core/progress';
import type { Factorisations } from '../methods/factorisations';
import { kindOfOperator } from '../model/layerOperators/roles';
import type { Layer, ModelLayers } from '../model/layers';
import { opsetOf } from '../model/model';
import { DEFAULT_EXPORT, effort, formOf } from '../operators/export/choice';
import { graphOverheadBytes } from '../operators/export/graphOverhead';
import { consumptionOf } from '../operators/export/subgraph';
import type { FloatType, Operator } from '../operators/operator';
import { madeBy } from '../recipe/candidate';
import type { LineStep } from '../recipe/lines';
import type { Stack } from './stacks';

/** A way to store one layer, made and measured. */
export interface LayerOption {
  /** Empty: the layer stays as it is. */
  readonly steps: readonly LineStep[];
  readonly title: string;
  readonly line: string;
  /** Absent: the layer stays as it is. */
  readonly operator?: Operator;
  /** Of the layer in the written file, its nodes included: predicted within some 200 bytes. */
  readonly bytes: number;
  /** Multiply-adds of a dense product that take as long as one with the layer as it is written. An estimate. */
  readonly effort: number;
  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ where data tell, ‖W−Ŵ‖/‖W‖ otherwise. It orders work. */
  readonly estimatedError: number;
}

export interface OptionsContext extends LongCall {
  readonly factorisations: Factorisations;
  readonly calibration?: Calibration | undefined;
  readonly seed: number;
}

/** The layer as it is. */
export const asItIs = ({ bytes, parameters }: Layer): LayerOption => ({
  effort: parameters,
  steps: [],
  title: 'as it is',
  line: '',
  bytes,
  estimatedError: 0,
});

/**
 * Makes a layer in the form of a stack; undefined where the layer cannot take it. A stack that looks at data takes its
 * blind steps for a layer of whose input data tell nothing.
 */
export async function optionOf(
  given: ModelLayers,
  layer: Layer,
  { steps, blind, title, line }: Stack,
  context: OptionsContext,
): Promise<LayerOption | undefined> {
  const { calibration } = context;
  const isSeen =
    calibration !== undefined &&
    kindOfOperator(layer.op) !== 'gather' &&
    typeof calibration.statisticsOf(layer) !== 'string';
  const made = await madeBy(given, layer, isSeen ? steps : blind, context);
  if ('skipped' in made) return undefined;
  const { operator, error, outputError } = made;
  const consumer = { op: layer.op, opset: opsetOf(given.model), type: layer.dtype as FloatType };
  return {
    steps: made.steps,
    operator,
    effort: effortOf(layer, operator),
    bytes: operator.bytes + graphOverheadBytes(operator, consumer),
    estimatedError: outputError ?? error,
    title,
    line,
  };
}

/** Multiply-adds of a dense product that take as long as one with the operator as it is written: rebuilt, it is dense. */
export function effortOf(layer: Layer, operator: Operator): number {
  const { mode } = consumptionOf(layer);
  return formOf(operator, mode, DEFAULT_EXPORT) === 'factored' ? effort(operator, mode) : layer.parameters;
}

/**
 * The numbers of options that are worth measuring, the heaviest first: those whose estimated error no option with fewer
 * bytes undercuts. An estimate chooses nothing, so that options within `slack` of such an error stay.
 */
export function worthMeasuring(options: readonly LayerOption[], slack = 1.15): number[] {
  const order = [...options.keys()]
    .filter((i) => options[i]!.operator !== undefined)
    .sort((a, b) => options[a]!.bytes - options[b]!.bytes || options[a]!.estimatedError - options[b]!.estimatedError);
  let best = Number.POSITIVE_INFINITY;
  const kept: number[] = [];
  for (const i of order) {
    const { estimatedError } = options[i]!;
    if (estimatedError < best * slack) kept.push(i);
    best = Math.min(best, estimatedError);
  }
  return kept.reverse();
}

/** Some of a list, spread evenly from its first to its last. */
export const spreadOf = <T>(items: readonly T[], count: number): T[] =>
  items.length <= count
    ? [...items]
    : Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]!);
