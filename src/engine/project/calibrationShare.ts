import { Calibration } from '../calibration/calibration';
import type { Dataset } from '../evaluation/dataset';
import { hashDataset } from '../evaluation/hashDataset';
import { split } from '../evaluation/samples';
import type { Model } from '../model/model';
import type { CompressReport } from '../recipe/report';
import type { Session } from '../runtime';

/** The data that recipes are calibrated on, and those that they are evaluated on: the open data in two, or data given for each. */
export class CalibrationShare {
  readonly calibration: Calibration;
  /** Nothing that recipes are calibrated on. */
  readonly evaluation: Dataset;
  readonly #sha256: string;

  /** `apart`: data for calibration alone. Without it, throws a UserError where the data can't be split. */
  constructor(
    readonly of: Dataset,
    open: (model: Model) => Promise<Session>,
    readonly apart?: Dataset,
  ) {
    const { calibration, evaluation } = apart ? { calibration: apart, evaluation: of } : split(of);
    this.calibration = new Calibration({ dataset: calibration, open });
    this.evaluation = evaluation;
    this.#sha256 = hashDataset(calibration);
  }

  /** What a run may be evaluated on: nothing that it was calibrated on. */
  evaluationOf({ calibration }: CompressReport): Dataset {
    return calibration?.sha256 === this.#sha256 ? this.evaluation : this.of;
  }
}
