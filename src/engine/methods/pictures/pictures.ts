import type { Dense, Operator } from '../../operators/operator';
import type { TrainSpectrum } from '../report';
import type { BondsPicture } from './bonds';
import type { GridPicture } from './grid';
import type { MaskPicture } from './mask';
import type { SlotsPicture } from './slots';

/** What a step did to a weight, as data that the page draws by its kind. */
export type StepPicture = BondsPicture | GridPicture | MaskPicture | SlotsPicture;

/** A step that changed a dense weight. */
export interface PicturedStep {
  readonly weight: Dense;
  readonly operator: Operator;
  /** The values of the weight, and of what stands for it. */
  readonly before: Float32Array;
  readonly after: Float32Array;
  /** What the method's `measure` found of the weight. */
  readonly train?: TrainSpectrum | undefined;
}
