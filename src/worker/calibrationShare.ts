import { Calibration } from '../engine/calibration/calibration';
import { type Dataset, split } from '../engine/evaluation/dataset';
import { hashDataset } from '../engine/evaluation/hash';
import type { Model } from '../engine/model/model';
import type { CompressReport } from '../engine/recipe/report';
import type { Session } from '../engine/runtime';

/** The open data in two: what recipes are calibrated on, and what is left to evaluate those on. */
export class CalibrationShare {
  readonly calibration: Calibration;
  readonly #evaluation: Dataset;
  readonly #sha256: string;

  /** Throws a UserError where the data can't be split. */
  constructor(
    readonly of: Dataset,
    open: (model: Model) => Promise<Session>,
  ) {
    const { calibration, evaluation } = split(of);
    this.calibration = new Calibration({ dataset: calibration, open });
    this.#evaluation = evaluation;
    this.#sha256 = hashDataset(calibration);
  }

  /** What a run may be evaluated on: nothing that it was calibrated on. */
  evaluationOf({ calibration }: CompressReport): Dataset {
    return calibration?.sha256 === this.#sha256 ? this.#evaluation : this.of;
  }
}
