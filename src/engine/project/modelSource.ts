import { type ByteSource, blobSource } from '../core/bytes';
import { UserError } from '../core/errors';
import { among, type FindFile } from '../model/model';

/** Where a model is read from: its own file, and how the files with its external data are found. */
export interface ModelSource {
  readonly main: ByteSource;
  readonly find: FindFile;
}

/** The first of the files is the model; the others may hold its external data. */
export function sourceOf(files: readonly File[]): ModelSource {
  const [main, ...others] = files;
  if (!main) throw new UserError('No file was given: drop an .onnx file.');
  return { main: blobSource(main, main.name), find: among(others.map((file) => blobSource(file, file.name))) };
}
