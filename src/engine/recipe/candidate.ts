import type { Calibration } from '../calibration/calibration';
import type { LongCall } from '../core/progress';
import type { Factorisations } from '../methods/factorisations';
import { getMethod } from '../methods/registry';
import type { Layer, ModelLayers } from '../model/layers';
import { opsetOf } from '../model/model';
import type { FloatType, Operator } from '../operators/operator';
import type { Line, LineStep } from './lines';
import type { PlannedLayer } from './plan';
import { Runner } from './runner/runner';

/** One layer in another form, made and measured. */
export interface Candidate {
  readonly steps: readonly LineStep[];
  readonly operator: Operator;
  /** Stored bytes, scales and indices included, nodes not. */
  readonly bytes: number;
  /** ‖W−Ŵ‖/‖W‖ */
  readonly error: number;
  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ where data tell. */
  readonly outputError?: number;
}

export interface CandidateContext extends LongCall {
  readonly factorisations: Factorisations;
  /** It has collected what the layer sees. */
  readonly calibration?: Calibration | undefined;
  readonly seed?: number;
}

/** What plans know of a layer. */
export const plannedOf = ({ model }: ModelLayers, { shape, op, dtype }: Layer): PlannedLayer => ({
  shape,
  op,
  opset: opsetOf(model),
  type: dtype as FloatType,
});

/**
 * Whether a step left the layer, so that the stack makes another form than was meant. Factors that need no float16 are as
 * they were meant.
 */
export const isLeft = ({ skipped, method }: { readonly skipped?: string; readonly method: string }): boolean =>
  skipped !== undefined && method !== 'half';

/** A layer at a share of its dense bytes by a line, or why it cannot be had. */
export async function candidateOf(
  given: ModelLayers,
  layer: Layer,
  line: Line,
  level: number,
  context: CandidateContext,
): Promise<Candidate | { readonly skipped: string }> {
  const steps = line.stepsWithin(plannedOf(given, layer), level * layer.bytes, layer.bytes);
  return 'skipped' in steps ? steps : madeBy(given, layer, steps, context);
}

/** A layer after these steps, as a run of a recipe makes it, or why they leave it as it is. */
export async function madeBy(
  given: ModelLayers,
  layer: Layer,
  steps: readonly LineStep[],
  { factorisations, calibration, seed = 0, signal }: CandidateContext,
): Promise<Candidate | { readonly skipped: string }> {
  const runnable = steps.map(({ method, options }) => ({
    kind: 'method' as const,
    method,
    options: getMethod(method).options.parse(options),
    layers: [layer],
  }));
  const noCalibration = 'no data is open';
  const runner = new Runner(given, runnable, { factorisations, calibration, seed, signal, noCalibration });
  await runner.runAll();
  const { operator, weight, steps: reports } = runner.layer(layer.id);
  const left = reports.find(isLeft);
  if (left || operator === weight) return { skipped: left?.skipped ?? 'it changes nothing' };
  const outputError = await runner.outputErrorOf(layer.id);
  return {
    steps,
    operator,
    bytes: operator.bytes,
    error: reports.at(-1)!.error,
    ...(outputError !== undefined && { outputError }),
  };
}
