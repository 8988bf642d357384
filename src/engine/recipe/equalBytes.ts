import { norm } from '../linalg/distance';
import { isGraphMethod } from '../methods/method';
import { methods } from '../methods/registry';
import type { Layer } from '../model/layers';
import { layersIn } from '../model/layers';
import type { Model } from '../model/model';
import { weightOf } from '../operators/weight';
import { type CandidateContext, type CandidateLine, candidateLines, candidateOf } from './candidate';

/** One method at one size, over all layers compared. */
export interface EqualBytesPoint {
  readonly method: string;
  /** How it looks at data, where it does: each way is a line of its own. */
  readonly variant?: string;
  /** Of the method, and of the variant: "Pruning, Wanda". */
  readonly title: string;
  /** Share of the dense bytes that was allowed. */
  readonly size: number;
  /** What is stored, overhead included. */
  readonly bytes: number;
  /** √(Σ‖W−Ŵ‖²/Σ‖W‖²) over the layers. Measured. */
  readonly error: number;
  /** Root mean square over the layers of ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖, from XᵀX of the calibration data, where there is some. */
  readonly outputError?: number;
}

export interface EqualBytesReport {
  /** What the layers are called. */
  readonly layers: readonly string[];
  readonly denseBytes: number;
  readonly sizes: readonly number[];
  readonly points: readonly EqualBytesPoint[];
  /** Why a method has no point at a size. */
  readonly skipped: readonly { readonly title: string; readonly size: number; readonly reason: string }[];
  /** Why a method has no line at all. */
  readonly absent: readonly { readonly title: string; readonly reason: string }[];
}

export type EqualBytesContext = CandidateContext;

/**
 * Measures what each method loses for the same stored bytes, at a few sizes: every method that rewrites single layers,
 * alone and with the options that its form begins with, and with calibration data also its variants that look at data. A
 * method that leaves a layer as it is at some size has no point there.
 */
export async function compareAtEqualBytes(
  model: Model,
  ids: readonly string[],
  sizes: readonly number[],
  context: EqualBytesContext,
): Promise<EqualBytesReport> {
  const { calibration, signal, onProgress } = context;
  const given = layersIn(model);
  const layers = given.layers.filter(({ id, compressible }) => compressible && ids.includes(id));
  if (calibration) await calibration.collect(model, given.main, layers, { signal });
  const norms = new Map<Layer, number>();
  for (const layer of layers) norms.set(layer, norm(await weightOf(model, layer).toDense()));
  const compared = candidateLines(calibration !== undefined);
  const points: EqualBytesPoint[] = [];
  const skipped: { title: string; size: number; reason: string }[] = [];
  const total = compared.length * sizes.length;
  for (const [at, line] of compared.entries()) {
    for (const [i, size] of sizes.entries()) {
      onProgress?.({
        done: at * sizes.length + i,
        total,
        label: `${line.title} at ${+(100 * size).toPrecision(3)} %`,
      });
      const found = await pointOf(line, size);
      if (typeof found === 'string') skipped.push({ title: line.title, size, reason: found });
      else points.push(found);
    }
  }
  return {
    layers: layers.map(({ name }) => name),
    denseBytes: layers.reduce((sum, { bytes }) => sum + bytes, 0),
    sizes,
    points,
    skipped,
    absent: methods.filter(isGraphMethod).map(({ title }) => ({
      title,
      reason: 'cuts whole units of several layers at once, not these layers to a size',
    })),
  };

  async function pointOf(line: CandidateLine, size: number): Promise<EqualBytesPoint | string> {
    let bytes = 0;
    let squares = 0;
    let energy = 0;
    const outputs: number[] = [];
    for (const layer of layers) {
      signal?.throwIfAborted();
      const result = await candidateOf(given, layer, line, size, context);
      if (typeof result === 'string') return layers.length > 1 ? `${layer.name}: ${result}` : result;
      bytes += result.bytes;
      squares += (result.error * norms.get(layer)!) ** 2;
      energy += norms.get(layer)! ** 2;
      if (result.outputError !== undefined) outputs.push(result.outputError);
    }
    const { method, variant, title } = line;
    return {
      method: method.name,
      ...(variant !== undefined && { variant }),
      title,
      size,
      bytes,
      error: energy === 0 ? 0 : Math.sqrt(squares / energy),
      ...(outputs.length === layers.length && {
        outputError: Math.sqrt(outputs.reduce((sum, error) => sum + error * error, 0) / outputs.length),
      }),
    };
  }
}
