import { batches, type Dataset, fixedBatch } from '../evaluation/dataset';
import { transpose } from '../linalg/transpose';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import type { Scope } from '../model/scopes';
import type { Dense, Multiply, Operator } from '../operators/operator';
import type { LongCall } from '../progress';
import type { HostTensor, Session } from '../runtime';
import { type Probe, probeModel } from './probe';

/** A relative error ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ over the calibration data: from XᵀX alone, and as the runtime computes both outputs. */
export interface OutputError {
  readonly predicted: number;
  readonly measured: number;
}

/** How one layer's consumers see it; sums over all of them. */
interface Sums {
  norm: number;
  difference: number;
  grams: Map<Probe, Float64Array>;
}

/** Bytes of XᵀX held at a time; more layers than fit are done in turns, each of which runs the model once more. */
const GRAM_BYTES = 128e6;

/**
 * The output error of each layer on calibration data, one layer compressed at a time. Predicted:
 * √(tr(ΔHΔᵀ)/tr(WHWᵀ)) with H = XᵀX and Δ = W−Ŵ before rounding. Measured: both outputs as the runtime computes them.
 * Layers that can't be probed (see `probeModel`) are left out.
 */
export async function outputErrors(
  model: Model,
  main: Scope,
  layers: ReadonlyMap<Layer, { readonly weight: Dense; readonly operator: Operator }>,
  context: LongCall & {
    readonly dataset: Dataset;
    readonly open: (model: Model) => Promise<Session>;
    readonly multiply: Multiply;
  },
): Promise<Map<Layer, OutputError>> {
  const errors = new Map<Layer, OutputError>();
  const groups = inGroups([...layers.keys()]);
  let done = 0;
  for (const group of groups) {
    const operators = new Map(group.map((layer) => [layer, layers.get(layer)!.operator]));
    const { model: probed, probes } = await probeModel(model, main, operators);
    if (probes.length === 0) continue;
    const sums = await run(probed, probes, context);
    for (const [layer, { norm, difference, grams }] of sums) {
      context.signal?.throwIfAborted();
      context.onProgress?.({ done: done++, total: layers.size, label: `Output error of ${layer.name}` });
      const predicted = await predict(layers.get(layer)!, grams, context.multiply);
      errors.set(layer, { predicted, measured: norm > 0 ? Math.sqrt(difference / norm) : 0 });
    }
  }
  return errors;
}

function inGroups(layers: readonly Layer[]): Layer[][] {
  const groups: Layer[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const layer of layers) {
    const width = layer.shape.slice(1).reduce((product, size) => product * size, 1);
    const cost = layer.op === 'Gather' ? 0 : 8 * width * width * layer.uses.length;
    if (bytes + cost > GRAM_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(layer);
    bytes += cost;
  }
  return groups;
}

async function run(
  probed: Model,
  probes: readonly Probe[],
  { dataset, open, signal, onProgress }: Parameters<typeof outputErrors>[3],
): Promise<Map<Layer, Sums>> {
  const sums = new Map<Layer, Sums>();
  const session = await open(probed);
  try {
    for (const batch of batches(dataset, fixedBatch(dataset) ?? 8)) {
      signal?.throwIfAborted();
      onProgress?.({ done: batch.start, total: dataset.samples, label: 'Running the calibration data' });
      const outputs = await session.run(batch.feeds);
      for (const probe of probes) add(sums, probe, outputs);
    }
  } finally {
    await session.release();
  }
  return sums;
}

function add(sums: Map<Layer, Sums>, probe: Probe, outputs: Record<string, HostTensor>): void {
  const { layer, gram, indices, flipped } = probe;
  const sum = sums.get(layer) ?? { norm: 0, difference: 0, grams: new Map() };
  sums.set(layer, sum);
  sum.norm += Number(outputs[probe.norm]!.data[0]);
  sum.difference += Number(outputs[probe.difference]!.data[0]);
  if (gram !== undefined) {
    const values = outputs[gram]!.data as Float32Array;
    const total = sum.grams.get(probe) ?? new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) total[i]! += values[i]!;
    sum.grams.set(probe, total);
  } else if (indices !== undefined) {
    // A Gather's X has one 1 in each row: XᵀX counts how often each row is read.
    const counts = sum.grams.get(probe) ?? new Float64Array(layer.shape[flipped ? 1 : 0]!);
    // Negative indices count from the end.
    for (const index of outputs[indices]!.data as BigInt64Array)
      counts[(Number(index) + counts.length) % counts.length]! += 1;
    sum.grams.set(probe, counts);
  }
}

async function predict(
  { weight, operator }: { weight: Dense; operator: Operator },
  grams: ReadonlyMap<Probe, Float64Array>,
  multiply: Multiply,
): Promise<number> {
  const exact = await weight.toDense();
  const delta = (await operator.toDense(multiply)).map((value, i) => exact[i]! - value);
  const rows = weight.shape[0]!;
  const columns = exact.length / rows;
  let norm = 0;
  let difference = 0;
  for (const [{ indices, flipped }, gram] of grams) {
    const oriented = (values: Float32Array) => (flipped ? transpose(values, rows, columns) : values);
    const [m, n] = flipped ? [columns, rows] : [rows, columns];
    if (indices !== undefined) {
      norm += weightedNorm(oriented(exact), gram, n);
      difference += weightedNorm(oriented(delta), gram, n);
      continue;
    }
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

/** tr(A·H·Aᵀ) for A [m, n]. H is scaled to its largest entry, so that float32 products can't overflow. */
async function quadraticForm(
  a: Float32Array,
  gram: Float64Array,
  m: number,
  n: number,
  multiply: Multiply,
): Promise<number> {
  const scale = gram.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
  const product = await multiply(
    a,
    Float32Array.from(gram, (value) => value / scale),
    m,
    n,
    n,
  );
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * product[i]!;
  return sum * scale;
}
