import type { LayersSlice } from './layers';
import type { Edited, StackSlice } from './stacks';

/** The state before or after an edit, and what the workbench showed. */
export type Moment = Edited & Pick<LayersSlice, 'selection'> & Pick<StackSlice, 'step'>;

/** When and how an edit was made: `edit` takes some edits in a row as one. */
export interface Occasion {
  /** Names what is edited, where edits of it in a row are one: "size of the first step of layer 3". */
  readonly what?: string | undefined;
  /** Counts presses of keys and buttons: all edits between a press and its release belong together. */
  readonly gesture: number;
  readonly ms: number;
}

export interface HistorySlice {
  /** Edits of the open model, oldest first. */
  readonly past: readonly { readonly before: Moment; readonly occasion?: Occasion }[];
  /** Undone edits; the last one is redone first. */
  readonly future: readonly Moment[];
  /** Changes what Compress would do, and can be undone. Edits with the same `what` in a row are one. */
  edit(part: Partial<Moment>, what?: string): void;
  undo(): void;
  redo(): void;
}
