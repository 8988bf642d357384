import type { Aim, ExportSettings, StackStep } from '../../../engine/page/light';

export type Stack = readonly StackStep[];

export interface RecipeSettings {
  readonly seed?: number;
  readonly export?: ExportSettings;
}

export interface StackSlice {
  /** By layer id. Kept when a layer leaves the recipe, so that it comes back as it was. */
  readonly stacks: ReadonlyMap<string, Stack>;
  /** Ids of the layers that Compress will compress. */
  readonly included: ReadonlySet<string>;
  readonly settings: RecipeSettings;
  /** Index of the step that the workbench shows; beyond the stack's end it is the last. */
  readonly step: number;
  /** A recipe from a file or from a run, used word for word until a step, a tick or a setting changes. */
  readonly fixedRecipe: unknown;
  /** Gives these layers the stack and includes them; an empty one takes them out. `what` as in `edit`. */
  setStack(ids: readonly string[], stack: Stack, what?: string): void;
  showStep(step: number): void;
  setAim(aim: Aim): void;
  include(ids: readonly string[], included: boolean): void;
  includeOnly(ids: readonly string[]): void;
  /** Checks a recipe (`name`: its file) and takes it over. Resolves to false (and leaves a notice) where it does not fit the model. */
  applyRecipe(recipe: unknown, name?: string): Promise<boolean>;
}

export type Edited = Pick<StackSlice, 'stacks' | 'included' | 'settings' | 'fixedRecipe'>;
