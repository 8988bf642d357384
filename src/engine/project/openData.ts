import type { LongCall } from '../core/progress';
import { type Dataset, openDataset, reportDataset, take } from '../evaluation/dataset';
import { generateDataset } from '../evaluation/generate';
import { type MakeUpOptions, makeUpInputs } from '../evaluation/makeUpInputs';
import { makeUpFor } from '../evaluation/makeUpInputsFor';
import type { DataReport } from '../evaluation/report';
import { readArrays } from '../formats/readArrays';
import { inputSpecs } from '../model/inspect';
import type { Model } from '../model/model';
import { type RandomNode, randomNodes } from '../model/randomNodes';
import type { Runtime, Session } from '../runtime';
import type { CalibrationShare } from './calibrationShare';

/**
 * The data beside an open model: given, or generated when it is first asked for. Labelled data is for evaluation; data
 * without labels beside it is for calibration, and for both where it is alone.
 */
export class OpenData {
  #labelled: Dataset | undefined;
  #unlabelled: Dataset | undefined;
  #generated: Dataset | undefined;
  /** Whether the model has run on what was generated. */
  #tried = false;
  #random: readonly RandomNode[] | undefined;
  /** Made for the first recipe that needs data. */
  #share: CalibrationShare | undefined;
  /** The samples of the data that the last limited evaluation used. */
  #subset: { readonly of: Dataset; readonly dataset: Dataset } | undefined;

  constructor(
    private readonly model: Model,
    private readonly open: (model: Model) => Promise<Session>,
  ) {}

  /** What the user opened to evaluate models on. */
  get given(): Dataset | undefined {
    return this.#labelled ?? this.#unlabelled;
  }

  /** What models are evaluated on, or inputs generated from what the model declares, of which it may refuse the sizes. */
  get dataset(): Dataset {
    return this.given ?? (this.#generated ??= generateDataset(inputSpecs(this.model)));
  }

  /** The same, of sizes that the model runs on. `run` runs the original; without it, a session of its own does. */
  async runnable(runtime: Runtime, call: LongCall, run?: MakeUpOptions['run']): Promise<Dataset> {
    if (this.given) return this.given;
    if (this.#tried) return this.#generated!;
    const { model } = this;
    const twice = this.random.length === 0;
    this.#generated = run
      ? await makeUpInputs(inputSpecs(model), { ...call, run, twice })
      : await makeUpFor(model, runtime, call);
    this.#tried = true;
    return this.#generated;
  }

  /** The nodes of the model that draw at random. */
  get random(): readonly RandomNode[] {
    this.#random ??= randomNodes(this.model);
    return this.#random;
  }

  /** Opens a file with data. It replaces data of its kind. Throws a UserError where it does not fit the model. */
  async addFile(file: File): Promise<void> {
    const entries = await readArrays(new Uint8Array(await file.arrayBuffer()), file.name);
    const dataset = openDataset(entries, inputSpecs(this.model), file.name);
    if (dataset.labels) this.#labelled = dataset;
    else this.#unlabelled = dataset;
  }

  clear(): void {
    this.#labelled = undefined;
    this.#unlabelled = undefined;
  }

  report(): DataReport {
    const apart = this.#apart;
    return {
      ...reportDataset(this.dataset),
      ...(apart && { calibration: { name: apart.name, samples: apart.samples } }),
    };
  }

  /** Data for calibration alone. */
  get #apart(): Dataset | undefined {
    return this.#labelled && this.#unlabelled;
  }

  /** `limit` of `all` samples: the same ones every time, so that runs compare and the original's outputs are kept. */
  some(all: Dataset, limit = Number.POSITIVE_INFINITY): Dataset {
    if (limit >= all.samples) return all;
    if (this.#subset?.of !== all || this.#subset.dataset.samples !== limit)
      this.#subset = { of: all, dataset: take(all, limit) };
    return this.#subset.dataset;
  }

  /**
   * What recipes are calibrated on, and what is left to evaluate them on; undefined where there is no data, since nothing
   * can be learnt from inputs that were made up.
   */
  async share(): Promise<CalibrationShare | undefined> {
    const { dataset } = this;
    if (dataset.generated) return undefined;
    const { CalibrationShare } = await import('./recipes');
    const apart = this.#apart;
    if (this.#share?.of !== dataset || this.#share.apart !== apart)
      this.#share = new CalibrationShare(dataset, this.open, apart);
    return this.#share;
  }
}
