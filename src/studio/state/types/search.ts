import type { DataReport, Goal, SearchReport, SearchSettings } from '../../../engine/page/light';

/** What a search found. It grows while the search is at work. */
export interface Search {
  readonly report: SearchReport;
  /** The data that it was measured on; null: generated inputs. */
  readonly data: DataReport | null;
  /** How it ended; absent while it is at work. `stopped`: by the user, or with the page or the engine. */
  readonly ended?: 'done' | 'stopped' | 'failed';
}

export interface SearchSlice {
  /** What the line at the top of the workbench says. */
  readonly goal: Goal;
  readonly searchSettings: SearchSettings;
  /** The last search of the open model; null before there is one. */
  readonly search: Search | null;
  /** Id of the dot that the user chose to look at; null: the best one. */
  readonly shownPoint: number | null;
  setGoal(goal: Goal): void;
  setSearchSettings(settings: SearchSettings): void;
  /** Searches for recipes that meet the goal. Cancelled, it leaves what it has found. */
  startSearch(): Promise<void>;
  forgetSearch(): void;
  showPoint(id: number): void;
  /** Makes a dot's recipe that of the workbench. Resolves to false, with a notice, where it does not fit the model. */
  takePoint(id: number): Promise<boolean>;
  /** The same, and compresses by it and compares. A search that is at work is stopped first. */
  compressPoint(id: number): Promise<void>;
}
