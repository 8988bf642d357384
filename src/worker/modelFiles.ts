import { UserError } from '../engine/errors';
import { blobSource } from '../engine/model/bytes';
import { among, type Model, readModel } from '../engine/model/model';

/** Reads the one model among files that were opened together; the others hold its external data. */
export function readFiles(files: readonly File[]): Promise<Model> {
  const main = mainFile(files);
  const siblings = files.filter((file) => file !== main).map((file) => blobSource(file, file.name));
  return readModel(blobSource(main, main.name), among(siblings));
}

function mainFile(files: readonly File[]): File {
  const models = files.filter(({ name }) => name.toLowerCase().endsWith('.onnx'));
  if (models.length > 1) {
    throw new UserError(
      `${models.length} models at once (${models.map(({ name }) => name).join(', ')}): open one at a time.`,
    );
  }
  const main = models[0] ?? files[0];
  if (!main) throw new UserError('No file was given: drop an .onnx file.');
  return main;
}
