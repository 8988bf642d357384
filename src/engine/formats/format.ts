import type { HostTensor } from '../runtime';
import type { FileSample } from './sample';

interface FormatBase {
  /** What such a file is: "a Git LFS pointer". It completes the sentence "FILE is …". */
  readonly what: string;
  /** What to do where a model was wanted and such a file was given, without a full stop. */
  readonly instead: string;
  /** Whether a file is of this format, by its bytes. The name may help where the bytes alone do not tell. */
  matches(file: FileSample): boolean;
}

/** A format that is opened here or in another room. */
interface ReadableBase extends FormatBase {
  /** How its files are named, with the dot, in lower case. */
  readonly extensions: readonly string[];
}

/** A format of models. The room `model` reads it: a model is more than arrays. */
export interface ModelFormat extends ReadableBase {
  readonly gives: 'model';
}

/** The format of recipes. The room `recipe` reads it. */
export interface RecipeFormat extends ReadableBase {
  readonly gives: 'recipe';
}

/** Arrays of numbers by name, not yet matched with the inputs of a model. Samples lie along the first axis. */
export type NamedArrays = ReadonlyMap<string, HostTensor>;

/** Reads a whole file. `name` is the name of the file and appears in errors. Throws a UserError for damaged files. */
export type ReadArrays = (bytes: Uint8Array, name: string) => NamedArrays;

/** A format of data: samples to evaluate or calibrate on. */
export interface DataFormat extends ReadableBase {
  readonly gives: 'data';
  /** A file of this format in a sentence: "an .npz". */
  readonly noun: string;
  /** The same, explained: "an .npz file (a zip of NumPy arrays)". */
  readonly explained: string;
  /** How a user makes one: "save the arrays with numpy.savez". */
  readonly make: string;
  /** What such a file must hold, as a sentence for the page. */
  readonly help: string;
  /** Loads the reader. It is separate so that recognising a format stays light. */
  open(): Promise<ReadArrays>;
}

/** A format that nothing here reads. It is named, so that a user learns what the file is and what to do. */
export interface OtherFormat extends FormatBase {
  readonly gives: 'nothing';
  /** Following `instead` gives the file that was meant, be it a model or data. */
  readonly forAny?: true;
}

export type Format = ModelFormat | DataFormat | RecipeFormat | OtherFormat;
