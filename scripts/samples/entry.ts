/** What the studio lists. Paths are relative to the list's own folder. */
export interface SampleEntry {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly model: string;
  /** Labelled test data. */
  readonly data: string;
  /** Inputs without labels. */
  readonly calibration: string;
  /** Of the model file. */
  readonly bytes: number;
  readonly parameters: number;
  readonly licence: string;
}
