import type { LongCall } from '../core/progress';
import { transpose } from '../linalg/transpose';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import type { Scope } from '../model/scopes';
import type { Dense, Operator } from '../operators/operator';
import type { Multiply } from '../operators/product';
import { equilibrated, inUnitsOf } from '../operators/statistics';
import type { Calibration, Observed } from './calibration';
import { probeModel } from './probe';
import { inTurns, runOn } from './running';

/**
 * A relative error ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ over the calibration data: predicted from XᵀX alone, and measured on both outputs
 * that the runtime computes.
 */
export interface OutputError {
  readonly predicted: number;
  readonly measured: number;
}

interface Pair {
  readonly weight: Dense;
  readonly operator: Operator;
}

/**
 * How many bytes of compressed weights, and of values folded to rebuild them, the runtime holds beside the model at
 * once.
 */
const PROBED_BYTES = 256e6;

/**
 * The output error of each layer on calibration data, one layer compressed at a time. Predicted:
 * √(tr(ΔHΔᵀ)/tr(WHWᵀ)) with H = XᵀX and Δ = W−Ŵ before rounding. Measured: both outputs as the runtime computes them.
 * Layers whose input can't be observed (see `consumerOf`) are left out.
 */
export async function outputErrors(
  model: Model,
  main: Scope,
  layers: ReadonlyMap<Layer, Pair>,
  context: LongCall & { readonly calibration: Calibration; readonly multiply: Multiply },
): Promise<Map<Layer, OutputError>> {
  const { calibration, signal, onProgress, multiply } = context;
  await calibration.collect(model, main, layers.keys(), context);
  const errors = new Map<Layer, OutputError>();
  const bytes = ([, { operator }]: [Layer, Pair]) => operator.bytes + operator.rebuildBytes;
  for (const turn of inTurns(layers, bytes, PROBED_BYTES)) {
    const operators = new Map(turn.map(([layer, { operator }]) => [layer, operator]));
    const { model: probed, probes } = await probeModel(model, main, operators);
    if (probes.length === 0) continue;
    const sums = new Map<Layer, { norm: number; difference: number }>();
    await runOn(probed, calibration.source, context, (outputs) => {
      for (const { layer, unit, norm, difference } of probes) {
        const sum = sums.get(layer) ?? { norm: 0, difference: 0 };
        sums.set(layer, sum);
        const square = Number(outputs[unit]!.data[0]) ** 2;
        sum.norm += square * Number(outputs[norm]!.data[0]);
        sum.difference += square * Number(outputs[difference]!.data[0]);
      }
    });
    for (const [layer, { norm, difference }] of sums) {
      signal?.throwIfAborted();
      onProgress?.({ done: errors.size, total: layers.size, label: `Output error of ${layer.name}` });
      const observed = calibration.observedOf(layer);
      if (observed.length === 0) continue;
      const predicted = await predictedOutputError(layers.get(layer)!, observed, multiply);
      const measured = norm === 0 ? 0 : Math.sqrt(difference / norm);
      // There is no error of an infinite output.
      if (Number.isFinite(predicted) && Number.isFinite(measured)) errors.set(layer, { predicted, measured });
    }
  }
  return errors;
}

/** √(tr(ΔHΔᵀ)/tr(WHWᵀ)) over the observed consumers of a layer; 0 where the output is 0. */
export async function predictedOutputError(
  { weight, operator }: Pair,
  observed: readonly Observed[],
  multiply: Multiply,
): Promise<number> {
  const exact = await weight.toDense();
  const delta = (await operator.toDense(multiply)).map((value, i) => exact[i]! - value);
  const rows = weight.shape[0]!;
  const columns = exact.length / rows;
  let norm = 0;
  let difference = 0;
  for (const { flipped, seen } of observed) {
    const oriented = (values: Float32Array) => (flipped ? transpose(values, rows, columns) : values);
    const [m, n] = flipped ? [columns, rows] : [rows, columns];
    if (seen instanceof Float64Array) {
      norm += weightedNorm(oriented(exact), seen, n);
      difference += weightedNorm(oriented(delta), seen, n);
      continue;
    }
    const gram = await seen.gram();
    norm += await quadraticForm(oriented(exact), gram, m, n, multiply);
    difference += await quadraticForm(oriented(delta), gram, m, n, multiply);
  }
  return norm > 0 ? Math.sqrt(Math.max(0, difference) / norm) : 0;
}

/** Σ_i count_i ‖row i‖². */
function weightedNorm(values: Float32Array, counts: Float64Array, columns: number): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] === 0) continue;
    let row = 0;
    for (let j = 0; j < columns; j++) row += values[i * columns + j]! ** 2;
    sum += counts[i]! * row;
  }
  return sum;
}

/** tr(A·H·Aᵀ) for A [m, n], by float32 products of scaled factors, which neither overflow nor underflow. */
async function quadraticForm(
  a: Float32Array,
  gram: Float64Array,
  m: number,
  n: number,
  multiply: Multiply,
): Promise<number> {
  const balanced = equilibrated(gram, n);
  const { values, beta } = inUnitsOf(a, balanced);
  const product = await multiply(values, balanced.values, m, n, n);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * product[i]!;
  return sum / beta / beta;
}
