import type { LayersSlice } from './layers';
import type { Edited, StackSlice } from './stacks';

export type Moment = Edited & Pick<LayersSlice, 'selection'> & Pick<StackSlice, 'step'>;

export interface Occasion {
  /** What is edited, where edits of it may be taken together: "size of the first step of layer 3". */
  readonly what?: string | undefined;
  /** Counts what the user pressed: all edits between a press and its release belong to it, however long it takes. */
  readonly gesture: number;
  readonly ms: number;
}

export interface HistorySlice {
  /** Of the open model, oldest first. */
  readonly past: readonly { readonly before: Moment; readonly occasion?: Occasion }[];
  /** What was undone, the next to be redone last. */
  readonly future: readonly Moment[];
  /** Changes what Compress would do, so that it can be undone; edits of the same `what` in a row are one. */
  edit(part: Partial<Moment>, what?: string): void;
  undo(): void;
  redo(): void;
}
