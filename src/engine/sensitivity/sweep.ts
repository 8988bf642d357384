import { UserError } from '../core/errors';
import type { Damage } from '../evaluation/damage';
import type { Layer } from '../model/layers';
import { residualParts } from '../model/residualParts';
import type { Operator } from '../operators/operator';
import { multiplyOn } from '../operators/product';
import { type CandidateContext, candidateOf } from '../recipe/candidate';
import { chosenLines, type Line, linesOf } from '../recipe/lines';
import { damageWithout, influencesOf } from './blocks';
import { LayerSweep, type SweepContext as ModelContext } from './layerSweep';
import type { OriginalAnswers } from './originalAnswers';
import type {
  SensitivityBlock,
  SensitivityCell,
  SensitivityLine,
  SensitivityReport,
  SensitivityRequest,
} from './report';

/** Shares of the dense bytes that are measured where a request names none. */
export const LEVELS: readonly number[] = [0.5, 0.35, 0.25, 0.15, 0.08];

/** Bytes of compressed layers that are kept between their estimate and their measurement; others are made again. */
const KEPT_BYTES = 256 * 2 ** 20;

/** The time between two reports. */
const REPORT_EVERY_MS = 300;

export interface SweepContext extends CandidateContext, ModelContext {
  /** What the original answers to the samples. */
  readonly answers: OriginalAnswers;
  /** What the report says of the model, its data and its measures. */
  readonly about: Omit<SensitivityReport, 'layers' | 'lines' | 'levels' | 'cells' | 'blocks' | 'measured' | 'open'>;
  /** Cells that are known, by `cellKey`; what is found is added, so that a sweep that was stopped goes on. */
  readonly known: Map<string, SensitivityCell>;
  /** Parts whose loss is known. */
  readonly blocks: SensitivityBlock[];
}

export const cellKey = ({ layer, line, level }: Pick<SensitivityCell, 'layer' | 'line' | 'level'>): string =>
  JSON.stringify([layer, line, level]);

/** The lines that the data allow, and whether each is measured where a request names none. */
export const sensitivityLines = (withData: boolean): readonly (SensitivityLine & { readonly isUsual: boolean })[] =>
  linesOf(withData).map((line) => ({ ...lineReport(line), isUsual: line.isUsual }));

const lineReport = ({ key, title, methods }: Line): SensitivityLine => ({ key, title, methods });

/** A cell that is asked for. */
interface Wanted {
  readonly layer: Layer;
  readonly line: Line;
  readonly level: number;
  readonly key: string;
}

/**
 * Measures what the model's answer loses when single layers are compressed, for layers × lines × levels. First every layer
 * is made in every form, which gives estimated errors. Then the model is run with each form, large layers first.
 * `onReport` is given all cells so far, a few times a second. Nothing is measured twice.
 */
export async function sweep(
  { lines: keys, levels: asked = LEVELS, layers: ids }: SensitivityRequest,
  context: SweepContext,
  onReport: (report: SensitivityReport) => void,
): Promise<SensitivityReport> {
  const { given, known, answers, signal, onProgress } = context;
  const labelled = answers.dataset.labels !== undefined;
  const lines = chosenLines(context.calibration !== undefined, keys);
  const levels = checkedLevels(asked);
  const layers = given.layers.filter(({ id, compressible }) => compressible && (ids?.includes(id) ?? true));
  const wanted: Wanted[] = layers.flatMap((layer) =>
    lines.flatMap((line) =>
      levels.map((level) => ({ layer, line, level, key: cellKey({ layer: layer.id, line: line.key, level }) })),
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
    const cell = { layer: layer.id, line: line.key, level };
    if ('skipped' in candidate) {
      known.set(key, { ...cell, skipped: candidate.skipped });
      return undefined;
    }
    const { operator, steps, bytes, error, outputError } = candidate;
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
  const total = open.length;
  // Levels of one layer follow each other, and share what was opened for it.
  let at: { readonly layer: Layer; readonly sweep: LayerSweep } | undefined;
  /** By what was measured: some levels of a line come to the same steps. */
  const same = new Map<string, Pick<Damage, 'damage' | 'loss'>>();
  try {
    for (const [done, cell] of open.entries()) {
      signal?.throwIfAborted();
      const label = `Measuring ${cell.layer.name}: ${cell.line.title}, ${+(100 * cell.level).toPrecision(3)} %`;
      onProgress?.({ done, total, label });
      const steps = JSON.stringify([cell.layer.id, known.get(cell.key)!.steps]);
      let found = same.get(steps);
      if (!found) {
        const operator = made.get(cell.key) ?? (await make(cell));
        if (!operator) continue;
        if (at?.layer !== cell.layer) {
          await at?.sweep.release();
          at = undefined;
          at = { layer: cell.layer, sweep: await LayerSweep.open(cell.layer, answers, context, { signal }) };
        }
        const values = await operator.toDense(multiplyOn(context.factorisations.backend, signal));
        const { damage, loss } = await at.sweep.damageOf(values, undefined, { signal });
        found = { damage, loss };
        same.set(steps, found);
      }
      made.delete(cell.key);
      const { damage, loss } = found;
      known.set(cell.key, { ...known.get(cell.key)!, damage, ...(labelled && { loss }) });
      // The first measurement shows at once.
      if (done === 0) toldAt = Number.NEGATIVE_INFINITY;
      tell();
    }
  } finally {
    await at?.sweep.release();
  }
  await measureBlocks(layers, context, tell);
  const last = report();
  onReport(last);
  return last;
}

/**
 * Large layers, from which most can be had, come first; of each the middle of the ladder, which tells most, then its ends.
 * One layer is finished before the next is opened: opening one takes as long as about two runs of the model.
 */
function mostInformativeFirst(wanted: readonly Wanted[], levels: readonly number[]): Wanted[] {
  const middle = (levels.length - 1) / 2;
  const distance = new Map(levels.map((level, i) => [level, Math.abs(i - middle)]));
  return [...wanted].sort(
    (a, b) =>
      b.layer.bytes - a.layer.bytes ||
      a.layer.id.localeCompare(b.layer.id) ||
      distance.get(a.level)! - distance.get(b.level)!,
  );
}

/** What the model loses without each part that the layers lie in. */
async function measureBlocks(layers: readonly Layer[], context: SweepContext, tell: () => void): Promise<void> {
  const { given, answers, blocks, signal, onProgress } = context;
  const asked = new Set(layers);
  const parts = residualParts(given.model, given.main, given.layers).filter(
    (part) =>
      part.layers.some((layer) => asked.has(layer)) &&
      !blocks.some(({ name, kind }) => name === part.name && kind === part.kind),
  );
  if (parts.length === 0) return;
  const influences = await influencesOf(parts, answers, context, { signal });
  for (const [done, part] of parts.entries()) {
    onProgress?.({ done, total: parts.length, label: `Measuring the model without ${part.name} (${part.kind})` });
    const { damage, loss } = await damageWithout(part, answers, context, { signal });
    const influence = influences[done]!;
    blocks.push({
      name: part.name,
      kind: part.kind,
      layers: part.layers.map(({ id }) => id),
      bytes: part.layers.reduce((sum, { bytes }) => sum + bytes, 0),
      ...(Number.isFinite(influence) && { influence }),
      damage,
      ...(answers.dataset.labels && { loss }),
    });
    tell();
  }
}

function checkedLevels(asked: readonly number[]): number[] {
  const wrong = asked.find((level) => !(level > 0 && level < 1));
  if (asked.length === 0 || wrong !== undefined)
    throw new UserError(`Levels are shares of the dense bytes between 0 and 1, not ${wrong ?? 'none'}.`);
  return [...new Set(asked)].sort((a, b) => b - a);
}

function reportOf(
  { about, known, blocks }: SweepContext,
  lines: readonly Line[],
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
    lines: lines.map(lineReport),
    levels,
    cells,
    blocks: [...blocks],
    measured,
    open: wanted.length - measured - skipped,
  };
}
