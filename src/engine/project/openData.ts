import type { LongCall } from '../core/progress';
import { type Dataset, reportDataset } from '../evaluation/dataset';
import { generateDataset } from '../evaluation/generate';
import { withShapes } from '../evaluation/givenShapes';
import { type MakeUpOptions, makeUpInputs } from '../evaluation/makeUpInputs';
import { makeUpFor } from '../evaluation/makeUpInputsFor';
import { openDataset } from '../evaluation/openDataset';
import { openModel } from '../evaluation/openModel';
import type { DataReport } from '../evaluation/report';
import { take } from '../evaluation/samples';
import { readArrays } from '../formats/readArrays';
import { inputSpecs } from '../model/inspect';
import type { Model } from '../model/model';
import { type RandomNode, randomNodes } from '../model/randomNodes';
import type { Runtime } from '../runtime';
import type { CalibrationShare } from './calibrationShare';
import type { DataFile } from './engine';

/** A file with data, and what it was opened for. */
export type KeptData = DataFile & { readonly use?: 'calibration' };

/** How inputs are made up where there are no data: how many samples, and the shapes that the user gave. */
export type MadeUp = Pick<MakeUpOptions, 'samples' | 'shapes' | 'batch'>;

/**
 * The data of an open model: given, or generated when they are first needed. Data with labels are for evaluation; data
 * without are for calibration where there are data with labels too, and for both where there are none.
 */
export class OpenData {
  #labelled: Dataset | undefined;
  #unlabelled: Dataset | undefined;
  /** Given for calibration only, with labels or without. */
  #forCalibration: Dataset | undefined;
  #generated: Dataset | undefined;
  #madeUp: MadeUp = {};
  /** Whether the model has run on what was generated. */
  #tried = false;
  #random: readonly RandomNode[] | undefined;
  /** Made for the first recipe that needs data. */
  #share: CalibrationShare | undefined;
  /** The samples of the data that the last limited evaluation used. */
  #subset: { readonly of: Dataset; readonly dataset: Dataset } | undefined;

  constructor(
    private readonly model: Model,
    private readonly runtime: Runtime,
    madeUp: MadeUp = {},
  ) {
    this.makeUp(madeUp);
  }

  /** How inputs are made up from now on. Throws a UserError where a shape does not fit, before any work begins. */
  makeUp(madeUp: MadeUp): void {
    if (madeUp.shapes) withShapes(inputSpecs(this.model), madeUp.shapes);
    if (JSON.stringify(madeUp) === JSON.stringify(this.#madeUp)) return;
    this.#madeUp = madeUp;
    this.#generated = undefined;
    this.#tried = false;
  }

  get madeUp(): MadeUp {
    return this.#madeUp;
  }

  /** What the user opened to evaluate models on. */
  get given(): Dataset | undefined {
    return this.#labelled ?? this.#unlabelled ?? this.#forCalibration;
  }

  /** What models are evaluated on, or inputs generated from what the model declares; it may not run on their sizes. */
  get dataset(): Dataset {
    return this.given ?? (this.#generated ??= generateDataset(inputSpecs(this.model)));
  }

  /** The same, of sizes that the model runs on. `run` runs the original; without it, a session of its own does. */
  async runnable(call: LongCall, run?: MakeUpOptions['run']): Promise<Dataset> {
    if (this.given) return this.given;
    if (this.#tried) return this.#generated!;
    const { model, madeUp } = this;
    const twice = this.random.length === 0;
    this.#generated = run
      ? await makeUpInputs(inputSpecs(model), { ...call, ...madeUp, run, twice })
      : await makeUpFor(model, this.runtime, { ...call, ...madeUp });
    this.#tried = true;
    return this.#generated;
  }

  /** The nodes of the model that draw at random. */
  get random(): readonly RandomNode[] {
    this.#random ??= randomNodes(this.model);
    return this.#random;
  }

  /** Replaces the data of the same kind. Throws a UserError where the data do not fit the model. */
  async add(file: DataFile, use?: 'calibration', signal?: AbortSignal): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const dataset = openDataset(await readArrays(bytes, file.name), inputSpecs(this.model), file.name);
    signal?.throwIfAborted();
    if (use === 'calibration') this.#forCalibration = dataset;
    else if (dataset.labels) this.#labelled = dataset;
    else this.#unlabelled = dataset;
  }

  clear(): void {
    this.#labelled = undefined;
    this.#unlabelled = undefined;
    this.#forCalibration = undefined;
  }

  report(): DataReport {
    const apart = this.#apart;
    return {
      ...reportDataset(this.dataset),
      ...(apart && { calibration: { name: apart.name, samples: apart.samples } }),
    };
  }

  /** Whether data were given for calibration only: each layer's output error is then reported for every recipe. */
  get isForCalibration(): boolean {
    return this.#forCalibration !== undefined;
  }

  /** Data for calibration alone. */
  get #apart(): Dataset | undefined {
    return this.#forCalibration ?? (this.#labelled && this.#unlabelled);
  }

  /** `limit` of `all` samples: the same ones every time, so that runs compare and the original's outputs are kept. */
  some(all: Dataset, limit = Number.POSITIVE_INFINITY): Dataset {
    if (limit >= all.samples) return all;
    if (this.#subset?.of !== all || this.#subset.dataset.samples !== limit)
      this.#subset = { of: all, dataset: take(all, limit) };
    return this.#subset.dataset;
  }

  /**
   * What recipes are calibrated on, and what is left to evaluate them on; undefined where no data are given: nothing can
   * be learnt from inputs that were made up. Throws a UserError where the data cannot be split.
   */
  async share(): Promise<CalibrationShare | undefined> {
    const { given } = this;
    if (!given) return undefined;
    const { CalibrationShare } = await import('./calibrationShare');
    const apart = this.#apart;
    if (this.#share?.of !== given || this.#share.apart !== apart)
      this.#share = new CalibrationShare(given, (probed) => openModel(probed, this.runtime), apart);
    return this.#share;
  }
}
