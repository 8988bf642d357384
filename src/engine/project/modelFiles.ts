import { blobSource } from '../core/bytes';
import { UserError } from '../core/errors';
import { among, type Model, readModel } from '../model/model';

/** Reads the first of the files as a model; the others may hold its external data. */
export function readFiles(files: readonly File[]): Promise<Model> {
  const [main, ...others] = files;
  if (!main) throw new UserError('No file was given: drop an .onnx file.');
  return readModel(blobSource(main, main.name), among(others.map((file) => blobSource(file, file.name))));
}
