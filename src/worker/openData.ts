import { type Dataset, openDataset, reportDataset, take } from '../engine/evaluation/dataset';
import { generateDataset } from '../engine/evaluation/generate';
import { readNpz } from '../engine/evaluation/npz';
import type { DataReport } from '../engine/evaluation/report';
import { inputSpecs } from '../engine/model/inspect';
import type { Model } from '../engine/model/model';
import type { Session } from '../engine/runtime';
import type { CalibrationShare } from './calibrationShare';

/**
 * The data beside an open model: given, or generated when it is first asked for. Labelled data is for evaluation; data
 * without labels beside it is for calibration, and for both where it is alone.
 */
export class OpenData {
  #labelled: Dataset | undefined;
  #unlabelled: Dataset | undefined;
  #generated: Dataset | undefined;
  /** Made for the first recipe that needs data. */
  #share: CalibrationShare | undefined;
  /** The samples of the data that the last limited evaluation used. */
  #subset: { readonly of: Dataset; readonly dataset: Dataset } | undefined;

  constructor(
    private readonly model: Model,
    private readonly open: (model: Model) => Promise<Session>,
  ) {}

  /** What models are evaluated on, or inputs generated from what the model declares. */
  get dataset(): Dataset {
    this.#generated ??= this.#labelled || this.#unlabelled ? undefined : generateDataset(inputSpecs(this.model));
    return this.#labelled ?? this.#unlabelled ?? this.#generated!;
  }

  /** An `.npz`, in place of what was there of its kind. Throws a UserError where it does not fit the model. */
  async addFile(file: File): Promise<void> {
    const entries = readNpz(new Uint8Array(await file.arrayBuffer()), file.name);
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
