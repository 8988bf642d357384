import { blobSource } from '../core/bytes';
import { UserError } from '../core/errors';
import { among, readModel } from '../model/model';
import type { Runtime } from '../runtime';
import type { ModelSource } from './modelSource';
import type { MadeUp } from './openData';
import { OpenedModel } from './openedModel';

/** Reads a model with all that belongs to it. Throws the signal's reason where it was aborted meanwhile. */
export async function readOpened(
  files: readonly File[] | ModelSource,
  runtime: Runtime,
  madeUp: MadeUp | undefined,
  signal: AbortSignal | undefined,
): Promise<OpenedModel> {
  const { main, find } = 'main' in files ? files : sourceOf(files);
  const model = await readModel(main, find);
  // Reading has no steps: when it was cancelled meanwhile, what was open stays open.
  signal?.throwIfAborted();
  const opened = new OpenedModel(model, runtime, madeUp);
  signal?.throwIfAborted();
  return opened;
}

/** The first of the files is the model; the others may hold its external data. */
function sourceOf(files: readonly File[]): ModelSource {
  const [main, ...others] = files;
  if (!main) throw new UserError('No file was given: drop an .onnx file.');
  return { main: blobSource(main, main.name), find: among(others.map((file) => blobSource(file, file.name))) };
}
