import type { LongCall } from '../core/progress';
import type { Dataset } from '../evaluation/dataset';
import type { ModelLayers } from '../model/layers';
import type { Provider, Runtime } from '../runtime';
import type { Choice } from './knapsack';
import type { OptionsContext } from './options';

export interface SearchContext extends Omit<OptionsContext, 'seed'>, LongCall {
  readonly given: ModelLayers;
  /** What models are evaluated on; nothing of it was calibrated on. */
  readonly dataset: Dataset;
  readonly runtime: Runtime;
  readonly provider: Provider;
  /** How choices are made within a budget; absent: by the knapsack. Comparisons give another way. */
  readonly allocate?: (layers: readonly (readonly Choice[])[], budget: number) => readonly number[] | undefined;
  /** The version of the program, which written files tell. */
  readonly program: string;
}
