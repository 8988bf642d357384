import type { Aim, ExportSettings, StackStep } from '../../../engine/page/light';

/** The steps of a layer, in order. Never changed in place: an edit makes a new one. */
export type Stack = readonly StackStep[];

/** The settings of a recipe, beside its steps. */
export interface RecipeSettings {
  readonly seed?: number;
  readonly export?: ExportSettings;
}

export interface StackSlice {
  /** By layer id. An unticked layer keeps its stack. */
  readonly stacks: ReadonlyMap<string, Stack>;
  /** Ids of the layers that Compress will compress. */
  readonly included: ReadonlySet<string>;
  readonly settings: RecipeSettings;
  /** Index of the step that the workbench shows. Beyond the end of the stack, the last step is shown. */
  readonly step: number;
  /** A recipe from a file or from a run. It is used as it is until a step, a tick or a setting changes. */
  readonly fixedRecipe: unknown;
  /** Gives these layers the stack and ticks them; an empty stack unticks them. `what` as in `edit`. */
  setStack(ids: readonly string[], stack: Stack, what?: string): void;
  /** Gives each of these layers its stack and ticks it, as one edit. */
  setStacks(stacks: ReadonlyMap<string, Stack>, what?: string): void;
  showStep(step: number): void;
  setAim(aim: Aim): void;
  include(ids: readonly string[], included: boolean): void;
  includeOnly(ids: readonly string[]): void;
  /** Checks a recipe (`name`: its file) and takes it over. Resolves to false, with a notice, where it does not fit the model. */
  applyRecipe(recipe: unknown, name?: string): Promise<boolean>;
}

/** What an edit changes: the recipe that Compress would run. */
export type Edited = Pick<StackSlice, 'stacks' | 'included' | 'settings' | 'fixedRecipe'>;
