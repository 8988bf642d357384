import type { Calibration } from '../calibration/calibration';
import type { LongCall } from '../core/progress';
import { norm } from '../linalg/distance';
import type { Factorisations } from '../methods/factorisations';
import { isGraphMethod, type Method } from '../methods/method';
import { methods } from '../methods/registry';
import type { Layer } from '../model/layers';
import { layersIn, type ModelLayers } from '../model/layers';
import { type Model, opsetOf } from '../model/model';
import type { FloatType } from '../operators/operator';
import { weightOf } from '../operators/weight';
import { Runner } from './runner/runner';
import { optionsWithin } from './sizing';

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

export interface EqualBytesContext extends LongCall {
  readonly factorisations: Factorisations;
  readonly calibration?: Calibration | undefined;
  readonly seed?: number;
}

interface Line {
  readonly method: Method;
  readonly variant?: string;
  readonly title: string;
  /** All other options are those that the method's form begins with. */
  readonly options: object;
}

/** Every method that rewrites single layers, and behind it its variants where there is data. */
const linesOf = (withData: boolean): Line[] =>
  methods
    .filter((method): method is Method => !isGraphMethod(method))
    .flatMap((method) => [
      { method, title: method.title, options: {} },
      ...(withData ? (method.variants ?? []) : []).map(({ variant, options }) => ({
        method,
        variant,
        title: `${method.title}, ${variant}`,
        options,
      })),
    ]);

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
  const compared = linesOf(calibration !== undefined);
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

  async function pointOf(line: Line, size: number): Promise<EqualBytesPoint | string> {
    let bytes = 0;
    let squares = 0;
    let energy = 0;
    const outputs: number[] = [];
    for (const layer of layers) {
      signal?.throwIfAborted();
      const result = await measured(given, layer, line, size, context);
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

/** One layer after one method alone at a size, or why the method leaves it as it is. */
async function measured(
  given: ModelLayers,
  layer: Layer,
  { method, options: chosen }: Line,
  size: number,
  { factorisations, calibration, signal, seed = 0 }: EqualBytesContext,
): Promise<{ readonly bytes: number; readonly error: number; readonly outputError?: number | undefined } | string> {
  const { id, shape, op, dtype, bytes } = layer;
  const planned = { shape, op, opset: opsetOf(given.model), type: dtype as FloatType };
  const options = optionsWithin(planned, method, size * bytes, { ...chosen });
  if (typeof options.skipped === 'string') return options.skipped;
  const step = {
    kind: 'method' as const,
    method: method.name,
    options: method.options.parse(options),
    layers: [layer],
  };
  const noCalibration = 'no data is open';
  const runner = new Runner(given, [step], { factorisations, calibration, seed, signal, noCalibration });
  await runner.runAll();
  const { operator, weight, steps } = runner.layer(id);
  const { error, skipped = 'it changes nothing' } = steps[0]!;
  return operator === weight ? skipped : { bytes: operator.bytes, error, outputError: await runner.outputErrorOf(id) };
}
