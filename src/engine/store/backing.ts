import type { ByteSource } from '../core/bytes';

/** Where files lie: artefacts are named by their hash, records by kind and name. */
export type Folder = 'artefacts' | 'records';

/** A file that is being written. It has no name yet. */
export interface StagedFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Gives the file its name and replaces what had that name. A reader finds the old file or the new one, both whole. */
  commit(folder: Folder, name: string): Promise<void>;
  /** Removes the file. */
  discard(): Promise<void>;
}

/** Gives a lock back. */
export type Release = () => void;

/** Locks between tabs or processes. A lock ends with the tab or process that has it. */
export interface Locks {
  /** Waits until nobody has the lock alone. Several may share it. */
  share(name: string): Promise<Release>;
  /**
   * The lock alone; undefined where somebody still has it after `patience` milliseconds. `onLost` is called when another
   * one has stolen it.
   */
  take(name: string, patience?: number, onLost?: () => void): Promise<Release | undefined>;
  /**
   * The lock alone, from whoever has it: that one's `onLost` is called. Absent where the other could not be told.
   */
  steal?(name: string, onLost?: () => void): Promise<Release>;
  /** Names of locks that somebody has, in this tab or another one. */
  taken(): Promise<ReadonlySet<string>>;
}

/** What a store is built on: memory, the browser's private file system, a folder. */
export interface Backing {
  readonly locks: Locks;
  /** Undefined where no file has the name. */
  open(folder: Folder, name: string): Promise<ByteSource | undefined>;
  stage(): Promise<StagedFile>;
  list(folder: Folder): Promise<string[]>;
  /** Removing what is not there is no error. */
  remove(folder: Folder, name: string): Promise<void>;
  /** Removes files that were staged and never got a name. Call it only while nobody writes. */
  removeStaged(): Promise<void>;
}
