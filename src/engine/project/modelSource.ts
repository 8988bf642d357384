import type { ByteSource } from '../core/bytes';
import type { FindFile } from '../model/model';

/** Where a model is read from: its own file, and how the files with its external data are found. */
export interface ModelSource {
  readonly main: ByteSource;
  readonly find: FindFile;
}
