import type { Calibration } from '../calibration/calibration';
import { PlannedPace } from '../core/pace';
import { norm } from '../linalg/distance';
import { isGraphMethod } from '../methods/method';
import { controlsOf, initialOptions } from '../methods/options';
import { methods } from '../methods/registry';
import { workOf } from '../methods/work';
import { kindOfOperator } from '../model/layerOperators/roles';
import type { Layer } from '../model/layers';
import { layersIn, type ModelLayers } from '../model/layers';
import { type Model, opsetOf } from '../model/model';
import type { FloatType } from '../operators/operator';
import { weightOf } from '../operators/weight';
import { type Candidate, type CandidateContext, candidateOf } from './candidate';
import { type SingleLine, singleLine, singleLines } from './lines';
import { omitDefaults } from './resolved';
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
  /** What is stored, overhead included, and dense layers too. */
  readonly bytes: number;
  /** √(Σ‖W−Ŵ‖²/Σ‖W‖²) over all layers. Measured. */
  readonly error: number;
  /**
   * Root mean square of ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖, from XᵀX of the calibration data, over the layers of whose input the data tell;
   * absent where there are none.
   */
  readonly outputError?: number;
  /** The layers that the method leaves dense, and why. */
  readonly dense: readonly { readonly layer: string; readonly reason: string }[];
  /** Names of layers that a variant treats as its method does without data, because data tell nothing of their input. */
  readonly blind: readonly string[];
  /** The step that each changed layer was given: layers by id, options as a form has them. */
  readonly steps: readonly { readonly layers: readonly string[]; readonly method: string; readonly options: object }[];
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

export interface EqualBytesContext extends CandidateContext {
  /** Gets the report as it grows, with every line that is finished. */
  readonly onReport?: ((report: EqualBytesReport) => void) | undefined;
}

/** One layer after one method alone at a size. Its values are not kept: those of all layers would fill memory. */
interface Measured extends Pick<Candidate, 'bytes' | 'error' | 'outputError'> {
  /** As a form has them. */
  readonly options: object;
  /** Whether a variant that looks at data went without them. */
  readonly isBlind: boolean;
}

/**
 * Measures what each method loses for the same stored bytes, at a few sizes: every method that rewrites single layers,
 * alone and with the options that its form begins with, and with calibration data also its variants that look at data.
 *
 * A layer that a method cannot take at some size stays dense, and its bytes count. The others get what is left of the
 * size, if they can take that; otherwise, and where only running the method shows that it leaves a layer, the point
 * stores more than the size allows. Its bytes are those of all layers in any case, so that points of all methods compare. A method that
 * leaves every layer as it is at some size has no point there.
 *
 * Lines whose work is light come first. All sizes of a layer are measured one after the other, so that they share its
 * factorisation.
 */
export async function compareAtEqualBytes(
  model: Model,
  ids: readonly string[],
  sizes: readonly number[],
  context: EqualBytesContext,
): Promise<EqualBytesReport> {
  const { calibration, factorisations, signal, onProgress, onReport } = context;
  const given = layersIn(model);
  const layers = given.layers.filter(({ id, compressible }) => compressible && ids.includes(id));
  const denseBytes = layers.reduce((sum, { bytes }) => sum + bytes, 0);
  const points: EqualBytesPoint[] = [];
  const skipped: { title: string; size: number; reason: string }[] = [];
  const work = ({ method, options }: SingleLine, layer: Layer) => {
    const first = method.options.parse({ ...initialOptions(controlsOf(method.options)), ...options });
    return workOf(layer, method, first, factorisations);
  };
  const costs = new Map(
    singleLines(calibration !== undefined).map((line) => [
      line,
      layers.reduce((sum, layer) => sum + work(line, layer).cost, 0),
    ]),
  );
  const lines = [...costs.keys()].sort((a, b) => costs.get(a)! - costs.get(b)!);
  const pieces = lines.flatMap((line) => layers.map((layer) => work(line, layer)));
  const pace = new PlannedPace(pieces);
  const tell = (done: number, label: string) =>
    onProgress?.({ done, total: pieces.length, label, secondsLeft: pace.secondsLeft(done) ?? 'unknown' });

  tell(0, 'Looking at the data');
  if (calibration) await calibration.collect(model, given.main, layers, { signal });
  // A dense layer loses nothing of its output, and counts where it is known what it sees.
  const seen = layers.filter((layer) => calibration && calibration.observedOf(layer).length > 0).length;
  const norms = new Map<Layer, number>();
  for (const layer of layers) norms.set(layer, norm(await weightOf(model, layer).toDense()));
  for (const [at, line] of lines.entries()) {
    const shares = sizes.map((size) => shareFor(given, layers, line, size, calibration));
    const found = sizes.map(() => new Map<Layer, Measured | string>());
    for (const [i, layer] of layers.entries()) {
      for (const [s, share] of shares.entries()) {
        signal?.throwIfAborted();
        tell(at * layers.length + i + s / sizes.length, `${line.title} on ${layer.name}`);
        found[s]!.set(layer, await measured(given, layer, line, share, context));
      }
    }
    for (const [s, size] of sizes.entries()) {
      const point = pointOf(line, size, found[s]!, norms, seen);
      if (typeof point === 'string') skipped.push({ title: line.title, size, reason: point });
      else points.push(point);
    }
    onReport?.(report());
  }
  tell(pieces.length, '');
  return report();

  function report(): EqualBytesReport {
    // Lines stand in the order in which methods are offered, whichever were first to be measured.
    const order = [...costs.keys()].map(({ title }) => title);
    const inOrder = <T extends { readonly title: string }>(all: readonly T[]) =>
      all.toSorted((a, b) => order.indexOf(a.title) - order.indexOf(b.title));
    return {
      layers: layers.map(({ name }) => name),
      denseBytes,
      sizes,
      points: inOrder(points),
      skipped: inOrder(skipped),
      absent: methods.filter(isGraphMethod).map(({ title }) => ({
        title,
        reason: 'cuts whole units of several layers at once, not these layers to a size',
      })),
    };
  }
}

/** The result over all layers, or why the method leaves every layer as it is. */
function pointOf(
  { method, variant, title }: SingleLine,
  size: number,
  found: ReadonlyMap<Layer, Measured | string>,
  norms: ReadonlyMap<Layer, number>,
  seen: number,
): EqualBytesPoint | string {
  const dense: { layer: string; reason: string }[] = [];
  const blind: string[] = [];
  const outputs: number[] = [];
  const steps = new Map<string, { layers: string[]; method: string; options: object }>();
  let [bytes, squares, energy] = [0, 0, 0];
  for (const [layer, one] of found) {
    energy += norms.get(layer)! ** 2;
    if (typeof one === 'string') {
      dense.push({ layer: layer.name, reason: one });
      bytes += layer.bytes;
      continue;
    }
    bytes += one.bytes;
    squares += (one.error * norms.get(layer)!) ** 2;
    if (one.outputError !== undefined) outputs.push(one.outputError);
    if (one.isBlind) blind.push(layer.name);
    const key = JSON.stringify(one.options);
    const step = steps.get(key) ?? { layers: [], method: method.name, options: one.options };
    step.layers.push(layer.id);
    steps.set(key, step);
  }
  if (dense.length === found.size) return dense[0]!.reason;
  return {
    method: method.name,
    ...(variant !== undefined && { variant }),
    title,
    size,
    bytes,
    error: energy === 0 ? 0 : Math.sqrt(squares / energy),
    ...(outputs.length > 0 && {
      outputError: Math.sqrt(outputs.reduce((sum, error) => sum + error * error, 0) / seen),
    }),
    dense,
    blind,
    steps: [...steps.values()],
  };
}

/** The line as a layer takes it: a variant that looks at data goes without them where they tell nothing of its input. */
function lineFor(layer: Layer, line: SingleLine, calibration: Calibration | undefined): SingleLine {
  const isSeen = kindOfOperator(layer.op) !== 'gather' && typeof calibration?.statisticsOf(layer) !== 'string';
  return line.variant === undefined || isSeen ? line : singleLine(line.method, {});
}

/**
 * The share of its own bytes that each layer may take, so that all of them come to `size` with those that stay dense: those
 * that the plan says the method cannot take. `size` itself where the others cannot make up for them.
 */
function shareFor(
  given: ModelLayers,
  layers: readonly Layer[],
  line: SingleLine,
  size: number,
  calibration: Calibration | undefined,
): number {
  const opset = opsetOf(given.model);
  const takes = (layer: Layer, share: number) => {
    const { shape, op, dtype, bytes } = layer;
    const { method, options } = lineFor(layer, line, calibration);
    const planned = { shape, op, opset, type: dtype as FloatType };
    return typeof optionsWithin(planned, method, share * bytes, { ...options }).skipped !== 'string';
  };
  const sum = (some: readonly Layer[]) => some.reduce((total, { bytes }) => total + bytes, 0);
  const taken = layers.filter((layer) => takes(layer, size));
  const share = (size * sum(layers) - (sum(layers) - sum(taken))) / sum(taken);
  return share > 0 && share < size && taken.every((layer) => takes(layer, share)) ? share : size;
}

async function measured(
  given: ModelLayers,
  layer: Layer,
  line: SingleLine,
  share: number,
  context: EqualBytesContext,
): Promise<Measured | string> {
  const own = lineFor(layer, line, context.calibration);
  const { factorisations, calibration, signal, seed } = context;
  const found = await candidateOf(given, layer, own, share, {
    factorisations,
    calibration,
    signal,
    ...(seed !== undefined && { seed }),
  });
  if ('skipped' in found) return found.skipped;
  const { bytes, error, outputError, steps } = found;
  const options = omitDefaults(line.method, steps[0]!.options);
  return { bytes, error, ...(outputError !== undefined && { outputError }), options, isBlind: own !== line };
}
