import { inputSpecs } from '../model/inspect';
import type { Model } from '../model/model';
import { randomNodes } from '../model/randomNodes';
import type { Runtime } from '../runtime';
import type { Dataset } from './dataset';
import { type MakeUpOptions, makeUpInputs } from './makeUpInputs';
import { openModel } from './openModel';

/**
 * Inputs that a model runs on, tried in a session of its own that takes little memory. Throws as `makeUpInputs` does.
 */
export async function makeUpFor(
  model: Model,
  runtime: Runtime,
  options: Omit<MakeUpOptions, 'run' | 'twice'>,
): Promise<Dataset> {
  const { signal } = options;
  const session = await openModel(model, runtime, { lean: true, signal });
  try {
    return await makeUpInputs(inputSpecs(model), {
      ...options,
      run: (feeds) => session.run(feeds),
      twice: randomNodes(model).length === 0,
    });
  } finally {
    await session.release();
  }
}
