import type { KeepingState, ProjectSummary, Provider } from '../../../engine/page/light';
import type { ComparingSlice } from './comparing';
import type { Moment } from './history';
import type { LayersSlice, SpectraSlice } from './layers';
import type { ProposalsSlice } from './proposals';
import type { RunsSlice } from './runs';
import type { SearchSlice } from './search';
import type { StackSlice } from './stacks';

/** The page's own part of a project: what the user chose. It is kept as one JSON value, see `packWorkbench`. */
export interface Workbench
  extends Pick<StackSlice, 'stacks' | 'included' | 'settings' | 'step' | 'fixedRecipe'>,
    Pick<LayersSlice, 'selection' | 'sort' | 'descending' | 'filter'>,
    Pick<SpectraSlice, 'spectraPaused'>,
    Pick<RunsSlice, 'ranStacks' | 'currentRun' | 'interrupted'>,
    Pick<SearchSlice, 'goal' | 'searchSettings' | 'search'>,
    Pick<ComparingSlice, 'comparing'>,
    Pick<ProposalsSlice, 'proposals'> {
  readonly provider: Provider;
  readonly past: readonly { readonly before: Moment }[];
  readonly future: readonly Moment[];
}

/** The space that this page takes in the browser, and the most that the browser gives it; in bytes. */
export interface Space {
  readonly used: number;
  readonly most: number;
}

/** Another tab has this project open: the user decides what this tab does. */
export interface OpenElsewhere {
  readonly id: string;
  readonly name: string;
}

export interface ProjectsSlice {
  /** Kept projects, the latest first. */
  readonly projects: readonly ProjectSummary[];
  readonly space: Space | null;
  /** Id of the open project; null where nothing is open, or where what is open is not kept. */
  readonly project: string | null;
  /** How far the engine has kept what is open; null before it has reported. */
  readonly keeping: KeepingState | null;
  /** Another tab keeps this project: what is changed here is not kept. */
  readonly readOnly: boolean;
  /** The page was reloaded, and what it had open is being opened again. */
  readonly reopening: boolean;
  /** A question that is not answered yet. */
  readonly openElsewhere: OpenElsewhere | null;
  listProjects(): Promise<void>;
  /** Opens a kept project, or asks where another tab has it open. Resolves to whether it is open. */
  openProject(id: string, how?: 'read' | 'take over'): Promise<boolean>;
  /** Opens what this tab had open before it was reloaded. */
  openTabsProject(): Promise<void>;
  removeProject(id: string): Promise<void>;
  closeQuestion(): void;
  /** The engine reports that what it keeps has changed. */
  keepingChanged(keeping: KeepingState): void;
  /** Tells the user, once for each reason, where what is open is not kept. */
  sayWhereNotKept(): void;
}

export interface KeepingSlice {
  /** Keeps the page's part of the open project in a moment, with what changes until then. */
  keepSoon(): void;
  /** Keeps it now, if it has changed. */
  keepNow(): void;
  /** The page closes: remembers for this tab what the engine cannot be given any more. */
  keepForReload(): void;
}
