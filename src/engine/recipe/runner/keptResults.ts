import type { Operator } from '../../operators/operator';
import type { StepReport } from '../report';

/** What one step made of one layer. */
export interface KeptResult {
  /** What stands for the layer's weight after the step; absent where the step left it as it was. */
  readonly operator?: Operator;
  readonly report: StepReport;
  /** How long the step took on this layer. */
  readonly ms: number;
}

/**
 * A place outside of the run for the results of finished layers. A run that is given one looks there before it works on
 * a layer, so that a run that was interrupted loses at most the layer at work.
 */
export interface KeptResults {
  /** Undefined where nothing is kept under the key, or what is kept cannot be read any more. */
  find(key: string): Promise<KeptResult | undefined>;
  /** Must not throw where there is no room: the layer is then computed again next time. */
  keep(key: string, result: KeptResult): Promise<void>;
}
