import type { ExportReport, RunReport } from '../../../engine/page/light';
import type { Stack } from './stacks';

/** A run that the user did not stop and that has not finished: the page was reloaded, or the engine was replaced. */
export interface InterruptedRun {
  readonly run: number;
  readonly recipe: unknown;
  /** The stacks of the layers that it takes along, by layer id. */
  readonly stacks: ReadonlyMap<string, Stack>;
  readonly done: number;
  /** Zero until the run has reported some progress. */
  readonly total: number;
}

export interface RunsSlice {
  /** Compressed models, oldest first. The original is none of them. */
  readonly runs: readonly RunReport[];
  /** The stacks that a run gave to its layers, by layer id; by run. */
  readonly ranStacks: ReadonlyMap<number, ReadonlyMap<string, Stack>>;
  /** What was written and verified, by run. */
  readonly exports: ReadonlyMap<number, ExportReport>;
  /** The largest number that a run of this model has had: the number of a removed run is not used again. */
  readonly lastRun: number;
  /** Number of the run that Compare shows and Export writes. */
  readonly currentRun: number | null;
  /** Runs whose figures are here but whose compressed model is not: it is compressed again when it is needed. */
  readonly lostRuns: ReadonlySet<number>;
  /** The run at work, or one that was interrupted. */
  readonly interrupted: InterruptedRun | null;
  /** Compresses by the recipe, makes the result current, and evaluates it. */
  compress(): Promise<void>;
  /** Compresses by the recipe of the interrupted run; finished layers come from the store. */
  continueRun(): Promise<void>;
  /** Does not offer the interrupted run any more. */
  dropInterrupted(): void;
  /** On all samples; on a software WebGPU on `SOFTWARE_SAMPLES` at most. */
  evaluate(run: number): Promise<void>;
  /** Makes a run current and restores its recipe into the workbench. */
  showRun(run: number): Promise<void>;
  forgetRun(run: number): Promise<void>;
  /** Writes a run for the chosen aim, where it is written for another one. Resolves to false where that fails. */
  writeAsChosen(run: number): Promise<boolean>;
  /** Writes for the chosen aim, reads back and compares; undefined (with a notice) where that fails. */
  exportRun(run: number): Promise<ExportReport | undefined>;
}
