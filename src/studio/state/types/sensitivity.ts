import type { SensitivityCell, SensitivityReport, SensitivityRequest } from '../../../engine/page/light';

/** What the list and the treemap show of the layers: how their spectra fall, or what compressing them was measured to cost. */
export type LayerFigures = 'spectrum' | 'damage';

export interface SensitivitySlice {
  /** What was measured of the open model; it grows while more is measured. */
  readonly sensitivity: SensitivityReport | null;
  /** What the last measurement was asked for, to go on with it. */
  readonly sensitivityRequest: SensitivityRequest | null;
  /** Key of the line that the heat map and the list show, or "best". */
  readonly mapLine: string;
  /** The level whose damage the list shows; null: the one closest to half of the bytes. */
  readonly mapLevel: number | null;
  readonly layerFigures: LayerFigures;
  /** Measures in the background, and adds to what was measured before. Compressing and comparing come first. */
  measureSensitivity(request: SensitivityRequest): Promise<void>;
  /** Shows what was measured of the open model before, where something was. */
  showKnownSensitivity(): Promise<void>;
  /** What is measured is kept. */
  stopSensitivity(): void;
  showLine(line: string): void;
  showLevel(level: number): void;
  showFigures(figures: LayerFigures): void;
  /** Gives layers the steps of cells and ticks them; null leaves a layer as it is. By layer id. `what` as in `edit`. */
  chooseCells(choice: ReadonlyMap<string, SensitivityCell | null>, what?: string): void;
}
