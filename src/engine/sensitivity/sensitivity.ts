import type { Calibration } from '../calibration/calibration';
import { UserError } from '../core/errors';
import type { Estimated } from '../core/estimated';
import type { LongCall } from '../core/progress';
import { hashText } from '../core/sha256';
import type { Damage } from '../evaluation/damage';
import type { Dataset } from '../evaluation/dataset';
import { hashDataset } from '../evaluation/hashDataset';
import { take } from '../evaluation/samples';
import type { Factorisations } from '../methods/factorisations';
import { hashModel } from '../model/hashModel';
import type { Layer } from '../model/layers';
import { residualParts } from '../model/residualParts';
import type { Operator } from '../operators/operator';
import { multiplyOn } from '../operators/product';
import { damageWithout, influencesOf } from './blocks';
import { type Candidate, candidateOf, madeBy } from './candidate';
import { LayerSweep, type SweepContext } from './layerSweep';
import { chosenLines, type Line } from './lines';
import { OriginalAnswers } from './originalAnswers';
import type { LineStep, SensitivityBlock, SensitivityCell, SensitivityReport, SensitivityRequest } from './report';

/** Shares of the dense bytes: from halves to what only stacks and codes of 2 bits come to. */
export const LEVELS: readonly number[] = [0.5, 0.35, 0.25, 0.15, 0.08];

/** What was measured with one layer in another form. */
export interface Measurement {
  readonly damage: Estimated;
  readonly loss: Estimated;
}

/** Where measurements are kept from one map to the next. `key`: a hash of all that they follow from. */
export interface KeptMeasurements {
  find(key: string): Promise<Measurement | undefined>;
  keep(key: string, measurement: Measurement): Promise<void>;
  /** What was kept last is there after a reload too once this resolves. */
  flush(): Promise<void>;
}

export interface SensitivityContext extends SweepContext, LongCall {
  readonly dataset: Dataset;
  readonly calibration?: Calibration | undefined;
  readonly factorisations: Factorisations;
  readonly kept?: KeptMeasurements | undefined;
}

/** Samples of the first look, which says how many samples the map needs. */
const FIRST_LOOK = 16;
/** The standard error of a damage that the number of samples is chosen for, as a share of it. */
const PRECISION = 0.1;
/** The most samples that are taken unless the user asks for more. */
const MOST_SAMPLES = 256;
/** Bytes of layers in other forms that are kept between the estimate and the measurement. */
const KEPT_BYTES = 256 * 2 ** 20;

/**
 * Measures what the model's answer loses when one layer is compressed by one line to one level, for every layer, line and
 * level. First every layer is made in every form, which gives bytes and an estimated error; then models run, the layers
 * of the largest estimates first, and of each layer first the middle levels, then the ends, then the rest. `onReport`
 * gets the map as it fills. Throws the signal's reason when aborted: what was measured is kept.
 */
export async function measureSensitivity(
  request: SensitivityRequest,
  context: SensitivityContext,
  onReport: (report: SensitivityReport) => void,
): Promise<SensitivityReport> {
  return new Measuring(request, context, onReport).run();
}

interface Cell {
  readonly layer: Layer;
  readonly line: Line;
  readonly level: number;
  state: SensitivityCell;
  operator?: Operator | undefined;
}

class Measuring {
  readonly #lines: readonly Line[];
  readonly #levels: readonly number[];
  readonly #layers: readonly Layer[];
  readonly #cells: Cell[] = [];
  #blocks: SensitivityBlock[] = [];
  #model = '';
  #data: string | undefined;
  #samples: number;
  #measure = '';
  #metric: string | undefined;
  #measured = 0;
  #operatorBytes = 0;
  /** What stands for the same steps on the same layer was measured already. */
  readonly #known = new Map<string, Measurement>();

  constructor(
    private readonly request: SensitivityRequest,
    private readonly context: SensitivityContext,
    private readonly onReport: (report: SensitivityReport) => void,
  ) {
    this.#lines = chosenLines(context.calibration !== undefined, request.lines);
    this.#levels = levelsOf(request.levels);
    this.#layers = layersOf(context, request.layers);
    this.#samples = Math.min(context.dataset.samples, request.samples ?? MOST_SAMPLES);
  }

  async run(): Promise<SensitivityReport> {
    const { given, calibration, signal } = this.context;
    this.#model = await hashModel(given.model, signal);
    if (calibration) await calibration.collect(given.model, given.main, this.#layers, this.context);
    await this.#estimate();
    await this.#chooseSamples();
    const answers = await this.#answersTo(this.#samples);
    await this.#measureAll(answers).finally(() => this.context.kept?.flush());
    this.#tell();
    return this.#report();
  }

  async #measureAll(answers: OriginalAnswers): Promise<void> {
    const order = [...this.#layers].sort((a, b) => this.#spreadOf(b) - this.#spreadOf(a));
    for (const layer of order) await this.#measureLayer(layer, answers);
    await this.#measureBlocks(answers);
  }

  /** Makes every layer in every form. */
  async #estimate(): Promise<void> {
    const { given } = this.context;
    for (const [at, layer] of this.#layers.entries()) {
      for (const line of this.#lines) {
        for (const level of this.#levels) {
          this.context.signal?.throwIfAborted();
          const place = { layer: layer.id, line: line.key, level };
          const found = await candidateOf(given, layer, line, level, this.context);
          if ('skipped' in found) this.#cells.push({ layer, line, level, state: { ...place, skipped: found.skipped } });
          else
            this.#cells.push({
              layer,
              line,
              level,
              state: { ...place, ...estimateOf(found) },
              operator: this.#hold(found),
            });
        }
      }
      this.#progress(0.3 * (at / this.#layers.length), `Estimating ${layer.name}`);
      this.#tell();
    }
  }

  #hold({ operator }: Candidate): Operator | undefined {
    this.#operatorBytes += operator.bytes;
    return this.#operatorBytes <= KEPT_BYTES ? operator : undefined;
  }

  /** Measures one level of each layer on a few samples, and from its noise how many samples the map needs. */
  async #chooseSamples(): Promise<void> {
    if (this.request.samples !== undefined || this.#samples <= FIRST_LOOK) return;
    const answers = await this.#answersTo(FIRST_LOOK);
    const shares: number[] = [];
    for (const layer of this.#layers.slice(0, MOST_LOOKS)) {
      const [cell] = this.#openCells(layer);
      if (!cell) continue;
      this.#progress(0.3, `A first look at ${layer.name}`);
      const sweep = await LayerSweep.open(layer, answers, this.context, this.context);
      try {
        const { mean, standardError = 0 } = (await this.#run(sweep, cell)).damage;
        if (mean > 0) shares.push(standardError / mean);
      } finally {
        await sweep.release();
      }
    }
    if (shares.length === 0) return;
    // The standard error falls with the root of the number of samples.
    const typical = shares.sort((a, b) => a - b)[Math.floor(shares.length / 2)]!;
    const wanted = Math.ceil(FIRST_LOOK * (typical / PRECISION) ** 2);
    this.#samples = Math.min(this.#samples, Math.max(FIRST_LOOK, wanted));
  }

  async #measureLayer(layer: Layer, answers: OriginalAnswers): Promise<void> {
    const open: Cell[] = [];
    for (const cell of this.#openCells(layer)) {
      const kept = await this.context.kept?.find(this.#keyOf(cell));
      if (kept) this.#settle(cell, kept);
      else open.push(cell);
    }
    if (open.length === 0) return;
    const sweep = await LayerSweep.open(layer, answers, this.context, this.context);
    try {
      for (const cell of open) {
        const steps = JSON.stringify([layer.id, cell.state.steps]);
        const measurement = this.#known.get(steps) ?? measurementOf(await this.#run(sweep, cell));
        this.#known.set(steps, measurement);
        this.#settle(cell, measurement);
        await this.context.kept?.keep(this.#keyOf(cell), measurement);
      }
    } finally {
      await sweep.release();
    }
  }

  async #run(sweep: LayerSweep, cell: Cell): Promise<Damage> {
    const { given, factorisations, signal } = this.context;
    let { operator } = cell;
    if (!operator) {
      const made = await madeBy(given, cell.layer, cell.state.steps!, this.context);
      if ('skipped' in made) throw new Error(`${cell.layer.name} was made once, and then not: ${made.skipped}`);
      operator = made.operator;
    }
    const values = await operator.toDense(multiplyOn(factorisations.backend, signal));
    return sweep.damageOf(values, undefined, this.context);
  }

  #settle(cell: Cell, { damage, loss }: Measurement): void {
    const hasLabels = this.context.dataset.labels !== undefined;
    cell.state = { ...cell.state, damage, ...(hasLabels && { loss }) };
    cell.operator = undefined;
    this.#measured++;
    const open = this.#cells.filter(isOpen).length;
    this.#progress(0.3 + (0.65 * this.#measured) / (this.#measured + open), `Measuring ${cell.layer.name}`);
    this.#tell();
  }

  async #measureBlocks(answers: OriginalAnswers): Promise<void> {
    const { given } = this.context;
    const chosen = new Set(this.#layers);
    const parts = residualParts(given.model, given.main, given.layers).filter(({ layers }) =>
      layers.some((layer) => chosen.has(layer)),
    );
    if (parts.length === 0) return;
    const influences = await influencesOf(parts, answers, this.context, this.context);
    const hasLabels = this.context.dataset.labels !== undefined;
    for (const [at, part] of parts.entries()) {
      this.#progress(0.95 + 0.05 * (at / parts.length), `Without ${part.name}`);
      const { name, kind, layers } = part;
      const { damage, loss } = await damageWithout(part, answers, this.context, this.context);
      const influence = influences[at]!;
      this.#blocks.push({
        name,
        kind,
        layers: layers.map(({ id }) => id),
        bytes: layers.reduce((sum, { bytes }) => sum + bytes, 0),
        ...(Number.isFinite(influence) && { influence }),
        damage,
        ...(hasLabels && { loss }),
      });
      this.#tell();
    }
  }

  async #answersTo(samples: number): Promise<OriginalAnswers> {
    const { given, dataset } = this.context;
    const answers = await OriginalAnswers.open(given.model, take(dataset, samples), this.context, this.context);
    const itself = answers.damage(1);
    itself.add(answers.outputs[0]!, answers.outputs[0]!, answers.batches[0]!);
    this.#measure = itself.measure;
    if (dataset.labels) this.#metric = itself.metric;
    return answers;
  }

  /** Of one layer: the middle levels of all lines, then the ends, then the rest. */
  #openCells(layer: Layer): Cell[] {
    const rank = ({ level }: Cell) => orderOf(this.#levels.indexOf(level), this.#levels.length);
    return this.#cells.filter((cell) => cell.layer === layer && isOpen(cell)).sort((a, b) => rank(a) - rank(b));
  }

  #spreadOf(layer: Layer): number {
    const errors = this.#cells.flatMap((cell) => (cell.layer === layer ? (cell.state.estimatedError ?? []) : []));
    return errors.length === 0 ? 0 : Math.max(...errors) - Math.min(...errors);
  }

  #keyOf({ layer, state }: Cell): string {
    const { dataset, provider, factorisations } = this.context;
    const steps: readonly LineStep[] = state.steps!;
    this.#data ??= hashDataset(dataset);
    const of = [this.#model, this.#data, this.#samples, layer.id, steps, provider, factorisations.backend.kind];
    return hashText(JSON.stringify(of));
  }

  #progress(share: number, label: string): void {
    this.context.onProgress?.({ done: Math.round(1000 * share), total: 1000, label });
  }

  #tell(): void {
    this.onReport(this.#report());
  }

  #report(): SensitivityReport {
    const { dataset, provider } = this.context;
    const all = dataset.of ?? dataset.samples;
    return {
      model: this.#model,
      data: dataset.name,
      generated: dataset.generated,
      samples: this.#samples,
      ...(all > this.#samples && { samplesOf: all }),
      provider,
      measure: this.#measure,
      ...(this.#metric !== undefined && { metric: this.#metric }),
      layers: this.#layers.map(({ id, name, op, bytes, parameters }) => ({ id, name, op, bytes, parameters })),
      lines: this.#lines.map(({ key, title, methods }) => ({ key, title, methods })),
      levels: this.#levels,
      cells: this.#cells.map(({ state }) => state),
      blocks: [...this.#blocks],
      measured: this.#measured,
      open: this.#cells.filter(isOpen).length,
    };
  }
}

/** Layers of the first look, at most. */
const MOST_LOOKS = 24;

const isOpen = ({ state }: Cell): boolean => state.steps !== undefined && state.damage === undefined;

const estimateOf = ({ steps, bytes, error, outputError }: Candidate) => ({
  steps,
  bytes,
  estimatedError: outputError ?? error,
});

const measurementOf = ({ damage, loss }: Damage): Measurement => ({ damage, loss });

/** The middle first, then the ends, then what lies between. */
function orderOf(at: number, count: number): number {
  const middle = Math.floor((count - 1) / 2);
  if (at === middle) return 0;
  return at === 0 || at === count - 1 ? 1 : 2;
}

function levelsOf(given: readonly number[] = LEVELS): number[] {
  const wrong = given.find((level) => !(level > 0 && level < 1));
  if (given.length === 0 || wrong !== undefined)
    throw new UserError(`Levels are shares of the dense bytes between 0 and 1, not ${wrong ?? 'none'}.`);
  return [...new Set(given)].sort((a, b) => b - a);
}

function layersOf({ given }: SweepContext, ids?: readonly string[]): Layer[] {
  const layers = given.layers.filter(({ id, compressible }) => compressible && (ids?.includes(id) ?? true));
  if (layers.length === 0) throw new UserError('No layer of this model can be compressed: open another model.');
  return layers;
}
