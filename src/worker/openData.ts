import { type Dataset, take } from '../engine/evaluation/dataset';
import { generateDataset } from '../engine/evaluation/generate';
import { inputSpecs } from '../engine/model/inspect';
import type { Model } from '../engine/model/model';
import type { Session } from '../engine/runtime';
import type { CalibrationShare } from './calibrationShare';

/** The data beside an open model: given, or generated when it is first asked for. */
export class OpenData {
  #dataset: Dataset | undefined;
  /** Made for the first recipe that needs data. */
  #share: CalibrationShare | undefined;
  /** The samples of the data that the last limited evaluation used. */
  #subset: { readonly of: Dataset; readonly dataset: Dataset } | undefined;

  constructor(
    private readonly model: Model,
    private readonly open: (model: Model) => Promise<Session>,
  ) {}

  /** The data that is open, or inputs generated from what the model declares. */
  get dataset(): Dataset {
    this.#dataset ??= generateDataset(inputSpecs(this.model));
    return this.#dataset;
  }

  /** In place of what was there; undefined: to be generated. */
  replace(dataset: Dataset | undefined): void {
    this.#dataset = dataset;
  }

  /** `limit` of `all` samples: the same ones every time, so that runs compare and the original's outputs are kept. */
  some(all: Dataset, limit = Number.POSITIVE_INFINITY): Dataset {
    if (limit >= all.samples) return all;
    if (this.#subset?.of !== all || this.#subset.dataset.samples !== limit)
      this.#subset = { of: all, dataset: take(all, limit) };
    return this.#subset.dataset;
  }

  /** The open data, split; undefined where there is none, since nothing can be learnt from inputs that were made up. */
  async share(): Promise<CalibrationShare | undefined> {
    const { dataset } = this;
    if (dataset.generated) return undefined;
    const { CalibrationShare } = await import('./recipes');
    if (this.#share?.of !== dataset) this.#share = new CalibrationShare(dataset, this.open);
    return this.#share;
  }
}
