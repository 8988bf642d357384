import type { Estimated } from '../core/estimated';
import type { LongCall } from '../core/progress';
import type { Layer, ModelLayers } from '../model/layers';
import type { Operator } from '../operators/operator';
import { type CandidateContext, type CandidateLine, candidateLines, candidateOf } from '../recipe/candidate';
import type { SensitivityCell, SensitivityLine, SensitivityReport, SensitivityRequest } from './report';

/** Shares of the dense bytes that are measured where a request names none. */
export const LEVELS: readonly number[] = [0.75, 0.5, 0.25, 0.125, 0.0625];

/** Bytes of compressed layers that are kept between their estimate and their measurement; others are made again. */
const KEPT_BYTES = 256 * 2 ** 20;

/** The time between two reports. */
const REPORT_EVERY_MS = 300;

export interface Measurement {
  readonly damage: Estimated;
  /** Absent without labels. */
  readonly loss?: Estimated | undefined;
}

export interface SweepContext extends CandidateContext {
  readonly given: ModelLayers;
  /** Runs the model with these operators in place of weights. */
  evaluate(operators: ReadonlyMap<Layer, Operator>, call: LongCall): Promise<Measurement>;
  /** What the report says of the model, its data and its measures. */
  readonly about: Omit<SensitivityReport, 'layers' | 'lines' | 'levels' | 'cells' | 'measured' | 'open'>;
  /** Cells that are known, by `cellKey`; what is found is added, so that a sweep that was stopped goes on. */
  readonly known: Map<string, SensitivityCell>;
}

export const cellKey = ({ layer, line, level }: Pick<SensitivityCell, 'layer' | 'line' | 'level'>): string =>
  JSON.stringify([layer, line, level]);

/** The lines that the data allow: every method that rewrites single layers, and with data its variants. */
export const sensitivityLines = (withData: boolean): readonly SensitivityLine[] =>
  candidateLines(withData).map((line) => ({ key: keyOf(line), title: line.title, methods: [line.method.name] }));

const keyOf = ({ method, variant }: CandidateLine): string =>
  variant === undefined ? method.name : `${method.name}, ${variant}`;

/** A cell that is asked for. */
interface Wanted {
  readonly layer: Layer;
  readonly line: CandidateLine;
  readonly level: number;
  readonly key: string;
}

/**
 * Measures what the model's answer loses when single layers are compressed, for layers × lines × levels. First every layer
 * is made in every form, which gives estimated errors; then the model is run with each, the level in the middle of the
 * ladder first, and large layers first. `onReport` is given all cells so far, a few times a second. Nothing is measured
 * twice.
 */
export async function sweep(
  { lines: keys, levels: asked = LEVELS, layers: ids }: SensitivityRequest,
  context: SweepContext,
  onReport: (report: SensitivityReport) => void,
): Promise<SensitivityReport> {
  const { given, known, signal, onProgress } = context;
  const all = candidateLines(context.calibration !== undefined);
  const lines = all.filter((line) => keys?.includes(keyOf(line)) ?? true);
  const levels = [...new Set(asked)].sort((a, b) => b - a);
  const layers = given.layers.filter(({ id, compressible }) => compressible && (ids?.includes(id) ?? true));
  const wanted: Wanted[] = layers.flatMap((layer) =>
    lines.flatMap((line) =>
      levels.map((level) => ({ layer, line, level, key: cellKey({ layer: layer.id, line: keyOf(line), level }) })),
    ),
  );
  const report = () => reportOf(context, lines, levels, layers, wanted);
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = () => {
    if (performance.now() - toldAt < REPORT_EVERY_MS) return;
    onReport(report());
    toldAt = performance.now();
  };

  const made = new Map<string, Operator>();
  let madeBytes = 0;
  const make = async ({ layer, line, level, key }: Wanted): Promise<Operator | undefined> => {
    const candidate = await candidateOf(given, layer, line, level, context);
    const cell = { layer: layer.id, line: keyOf(line), level };
    if (typeof candidate === 'string') {
      known.set(key, { ...cell, skipped: candidate });
      return undefined;
    }
    const { operator, options, bytes, error, outputError } = candidate;
    const steps = [{ method: line.method.name, options }];
    known.set(key, { ...cell, steps, bytes, estimatedError: outputError ?? error });
    return operator;
  };

  const unmade = wanted.filter(({ key }) => !known.has(key));
  for (const [done, cell] of unmade.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ done, total: unmade.length, label: `Estimating: ${cell.line.title} of ${cell.layer.name}` });
    const operator = await make(cell);
    if (operator && madeBytes + operator.bytes <= KEPT_BYTES) {
      made.set(cell.key, operator);
      madeBytes += operator.bytes;
    }
    tell();
  }

  const open = mostInformativeFirst(wanted, levels).filter(({ key }) => {
    const { damage, skipped } = known.get(key)!;
    return damage === undefined && skipped === undefined;
  });
  for (const [done, cell] of open.entries()) {
    signal?.throwIfAborted();
    const label = `Measuring ${cell.layer.name}: ${cell.line.title}, ${+(100 * cell.level).toPrecision(3)} %`;
    onProgress?.({ done, total: open.length, label });
    const operator = made.get(cell.key) ?? (await make(cell));
    made.delete(cell.key);
    if (operator) {
      const { damage, loss } = await context.evaluate(new Map([[cell.layer, operator]]), { signal });
      known.set(cell.key, { ...known.get(cell.key)!, damage, ...(loss && { loss }) });
    }
    tell();
  }
  const last = report();
  onReport(last);
  return last;
}

/** The middle of the ladder tells most of a layer; then its ends; large layers, from which most can be had, come first. */
function mostInformativeFirst(wanted: readonly Wanted[], levels: readonly number[]): Wanted[] {
  const middle = (levels.length - 1) / 2;
  const distance = new Map(levels.map((level, i) => [level, Math.abs(i - middle)]));
  return [...wanted].sort((a, b) => distance.get(a.level)! - distance.get(b.level)! || b.layer.bytes - a.layer.bytes);
}

function reportOf(
  { about, known }: SweepContext,
  lines: readonly CandidateLine[],
  levels: readonly number[],
  layers: readonly Layer[],
  wanted: readonly Wanted[],
): SensitivityReport {
  const cells = wanted.flatMap(({ key }) => known.get(key) ?? []);
  const measured = cells.filter(({ damage }) => damage !== undefined).length;
  const skipped = cells.filter((cell) => cell.skipped !== undefined).length;
  return {
    ...about,
    layers: layers.map(({ id, name, op, bytes, parameters }) => ({ id, name, op, bytes, parameters })),
    lines: lines.map((line) => ({ key: keyOf(line), title: line.title, methods: [line.method.name] })),
    levels,
    cells,
    measured,
    open: wanted.length - measured - skipped,
  };
}
