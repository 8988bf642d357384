import type { ExportReport, RunReport } from '../../../engine/page/light';
import type { Stack } from './stacks';

export interface RunsSlice {
  /** Compressed models, oldest first. The original is none of them. */
  readonly runs: readonly RunReport[];
  /** The stacks that a run gave to the layers that it took along, by layer id; by run. */
  readonly ranStacks: ReadonlyMap<number, ReadonlyMap<string, Stack>>;
  /** What was written and verified, by run. */
  readonly exports: ReadonlyMap<number, ExportReport>;
  /** The largest number that a run of this model has had: a forgotten one keeps its number. */
  readonly lastRun: number;
  /** Number of the run that Compare shows and Export writes. */
  readonly currentRun: number | null;
  /** Compresses by the recipe, makes the result current, and evaluates it. */
  compress(): Promise<void>;
  /** On all samples; on a software WebGPU on `SOFTWARE_SAMPLES` at most. */
  evaluate(run: number): Promise<void>;
  /** Makes a run current and restores its recipe into the workbench. */
  showRun(run: number): Promise<void>;
  forgetRun(run: number): Promise<void>;
  /** Writes a run as the chosen aim says, where it is written otherwise. Resolves to false where that fails. */
  writeAsChosen(run: number): Promise<boolean>;
  /** Writes for the chosen aim, reads back and compares; undefined (with a notice) where that fails. */
  exportRun(run: number): Promise<ExportReport | undefined>;
}
