import type { Calibration } from '../calibration/calibration';
import type { LongCall } from '../core/progress';
import type { Factorisations } from '../methods/factorisations';
import { getMethod } from '../methods/registry';
import type { Layer, ModelLayers } from '../model/layers';
import { opsetOf } from '../model/model';
import { graphOverheadBytes } from '../operators/export/graphOverhead';
import type { FloatType, Operator } from '../operators/operator';
import { Runner } from '../recipe/runner/runner';
import type { LineStep } from '../sensitivity/report';
import { keyOf, type Stack } from './stacks';

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
  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ where data tell, ‖W−Ŵ‖/‖W‖ otherwise. It orders work. */
  readonly estimatedError: number;
}

export interface OptionsContext extends LongCall {
  readonly factorisations: Factorisations;
  readonly calibration?: Calibration | undefined;
  readonly seed: number;
}

/** The layer as it is. */
export const asItIs = ({ bytes }: Layer): LayerOption => ({
  steps: [],
  title: 'as it is',
  line: '',
  bytes,
  estimatedError: 0,
});

/**
 * Makes a layer in the form of each stack, and leaves out those that the layer cannot take. The first option leaves the
 * layer as it is; options come with the fewest bytes last.
 */
export async function optionsOf(
  given: ModelLayers,
  layer: Layer,
  stacks: readonly Stack[],
  context: OptionsContext,
): Promise<LayerOption[]> {
  const { calibration } = context;
  const options = [asItIs(layer)];
  const isSeen = calibration !== undefined && typeof calibration.statisticsOf(layer) !== 'string';
  const tried = new Set<string>();
  for (const { steps, blind, title, line } of stacks) {
    context.signal?.throwIfAborted();
    const taken = isSeen && layer.op !== 'Gather' ? steps : blind;
    if (tried.has(keyOf(taken))) continue;
    tried.add(keyOf(taken));
    const made = await optionOf(given, layer, taken, context);
    if (made) options.push({ ...made, title, line });
  }
  return options.sort((a, b) => b.bytes - a.bytes);
}

async function optionOf(
  given: ModelLayers,
  layer: Layer,
  steps: readonly LineStep[],
  { factorisations, calibration, seed, signal }: OptionsContext,
): Promise<Omit<LayerOption, 'title' | 'line'> | undefined> {
  const runnable = steps.map(({ method, options }) => ({
    kind: 'method' as const,
    method,
    options: getMethod(method).options.parse(options),
    layers: [layer],
  }));
  const runner = new Runner(given, runnable, {
    factorisations,
    calibration,
    seed,
    signal,
    noCalibration: 'no data is open',
  });
  await runner.runAll();
  const { operator, weight, steps: reports } = runner.layer(layer.id);
  // A step that leaves the layer would not be the stack that was meant; one more bit of precision may be left by `half`.
  if (operator === weight || reports.some(({ skipped, method }) => skipped !== undefined && method !== 'half'))
    return undefined;
  const consumer = { op: layer.op, opset: opsetOf(given.model), type: layer.dtype as FloatType };
  return {
    steps,
    operator,
    bytes: operator.bytes + graphOverheadBytes(operator, consumer),
    estimatedError: (await runner.outputErrorOf(layer.id)) ?? reports.at(-1)!.error,
  };
}

/**
 * The options that no other one beats by its estimate in both bytes and error, give or take: an estimate chooses
 * nothing, so options that are within `slack` of the best error for their bytes stay.
 */
export function worthMeasuring(options: readonly LayerOption[], slack = 1.15): LayerOption[] {
  let best = Number.POSITIVE_INFINITY;
  const kept: LayerOption[] = [];
  // From the heaviest on; options of an error above that of a lighter one are of no use.
  for (const option of [...options].sort((a, b) => a.bytes - b.bytes || a.estimatedError - b.estimatedError)) {
    if (option.estimatedError < best * slack) kept.push(option);
    best = Math.min(best, option.estimatedError);
  }
  return kept.reverse();
}
