import { messageOf, UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import { createCpuBackend } from '../cpu/backend';
import { type Batch, batches, type Dataset, type Shapes } from '../evaluation/dataset';
import { makeUpInputs } from '../evaluation/makeUpInputs';
import { openModel } from '../evaluation/openModel';
import { inputSpecs } from '../model/inspect';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import { randomNodes } from '../model/randomNodes';
import { elements, type Operator } from '../operators/operator';
import { multiplyOn } from '../operators/product';
import type { Runtime } from '../runtime';
import type { Compressed } from './finishedRun';
import { layerError } from './verification/layerCheck';
import type { ReadBack } from './verification/readBack';
import { modelDifference } from './verification/sameModel';

export type { ReadBack } from './verification/readBack';

export interface VerifyContext extends LongCall {
  readonly runtime: Runtime;
  /** What the file is run on; absent: on inputs that are made up, of these shapes where some are given. */
  readonly data?: Dataset | undefined;
  readonly shapes?: Shapes | undefined;
}

/** What is verified: the model that was to be written, and what its layers were made of. */
export type Written = Pick<Compressed, 'model' | 'rewritten' | 'before'> & {
  readonly report: Pick<Compressed['report'], 'layers' | 'memory'>;
};

/**
 * Relative difference between the outputs of a layer's nodes and those of its compressed weight. What is measured is some
 * 1e−6 in float32 and 1e−3 in float16; inputs that are rounded to 8 bits differ by 1 or 2 %.
 */
const TOLERANCE = { float32: 1e-3, float16: 2e-2, eightBits: 8e-2 };

/**
 * A model that takes no more bytes than this while it loads is opened as users open it. The runtime then rebuilds all
 * weights at once.
 */
const LIGHT = 256e6;
/** A layer of no more weights than this is opened in the same way. */
const LIGHT_LAYER = 4e6;

/**
 * Checks a model that was read back from its file. It must be the one that was to be written: every node and every byte
 * of every tensor. The nodes of each rewritten layer, run alone, must give what its compressed weight gives. And the
 * whole must run where the original runs, on one sample. Throws a UserError where it is not so: such a file must not be
 * offered. Memory: the stored weights twice, and what rebuilding the largest layer takes.
 */
export async function verify(
  read: Model,
  written: Written,
  original: Model,
  context: VerifyContext,
): Promise<ReadBack> {
  const started = performance.now();
  const { signal, onProgress } = context;
  const { rewritten, report } = written;
  const total = rewritten.size + 2;
  const tell = (done: number, label: string) => onProgress?.({ done, total, label });

  tell(0, 'Reading the file back');
  const unchanged = report.layers.length === 0;
  const compared = await modelDifference(read, unchanged ? original : written.model, signal);
  if ('difference' in compared) throw differs(compared.difference);
  const { tensors } = compared;
  const random = randomNodes(read);
  const common = () => ({ tensors, ...(random.length > 0 && { random }), ms: performance.now() - started });
  const none = { checked: 0, of: 0, largestError: 0 };
  if (unchanged) return { by: 'weights', samples: 0, layers: none, note: 'nothing in it was changed', ...common() };

  const layers = await checkLayers(read, written, context, (done, name) => tell(1 + done, `Running ${name} alone`));
  tell(total - 1, 'Running what was read');
  const ran = await runOnce(read, context, report.memory.estimatedLoad < LIGHT, random.length > 0);
  if (typeof ran !== 'string') return { by: 'outputs', ...ran, layers, ...common() };
  if (typeof (await runOnce(original, context, false, true)) !== 'string') {
    throw new UserError(
      `${original.name} runs, but what the recipe makes of it does not, so it is not offered: ${ran.replace(/\.$/, '')}; leave out layers until it does.`,
    );
  }
  return { by: layers.checked > 0 ? 'layers' : 'weights', samples: 0, layers, note: ran, ...common() };
}

/** Runs a model on one sample: what it was run on, or why it could not be. */
async function runOnce(
  model: Model,
  { runtime, data, shapes, signal }: VerifyContext,
  light: boolean,
  random: boolean,
): Promise<Pick<ReadBack, 'samples' | 'data' | 'shapes'> | string> {
  try {
    const session = await openModel(model, runtime, { lean: !light, signal });
    try {
      const run = (feeds: Batch['feeds']) => session.run(feeds);
      if (!data) {
        const made = await makeUpInputs(inputSpecs(model), {
          samples: 1,
          run,
          shapes,
          twice: light && !random,
          signal,
        });
        return { samples: 1, data: made.name, ...(made.shapes && { shapes: made.shapes }) };
      }
      const [first] = batches(data, 1);
      await run(first!.feeds);
      return { samples: first!.samples, data: data.name };
    } finally {
      await session.release();
    }
  } catch (error) {
    signal?.throwIfAborted();
    return messageOf(error);
  }
}

async function checkLayers(
  read: Model,
  { before, rewritten }: Written,
  { runtime, signal }: VerifyContext,
  tell: (done: number, name: string) => void,
): Promise<ReadBack['layers']> {
  let checked = 0;
  let largestError = 0;
  let done = 0;
  // Factors are multiplied by the runtime: in loops of JavaScript that takes longer than all the rest.
  const backend = createCpuBackend(runtime);
  // Folding takes long: of layers that are written alike one is opened as users open the model, and the others lean.
  const seen = new Set<string>();
  try {
    for (const [layer, operator] of rewritten) {
      signal?.throwIfAborted();
      tell(done++, layer.name);
      const kind = `${layer.op} ${layer.dtype} ${operator.form} ${layer.shape}`;
      const lean = seen.has(kind) || elements(layer.shape) > LIGHT_LAYER;
      seen.add(kind);
      const open = (part: Model) => openModel(part, runtime, { lean, signal });
      const weight = await operator.toDense(multiplyOn(backend, signal));
      let every = layer.uses.length > 0;
      for (const use of layer.uses) {
        const error = await layerError(read, before, layer, use, open, weight).catch((reason) => {
          signal?.throwIfAborted();
          throw new UserError(
            `Layer ${layer.name} of the written file does not run (${messageOf(reason).replace(/\.$/, '')}), so it is not offered: leave it out of the recipe.`,
          );
        });
        if (error === undefined) every = false;
        else if (!(error <= toleranceOf(layer, operator))) {
          throw new UserError(
            `Layer ${layer.name} of the written file does not compute what it was compressed to (its outputs differ by ${(100 * error).toPrecision(2)} %), so it is not offered: leave it out of the recipe.`,
          );
        } else largestError = Math.max(largestError, error);
      }
      if (every) checked++;
    }
  } finally {
    backend.dispose();
  }
  return { checked, of: rewritten.size, largestError };
}

function toleranceOf(layer: Layer, operator: Operator): number {
  const roundsInputs = (one: Operator): boolean =>
    (one.kind === 'quantized' && one.dynamic) || one.children.some(roundsInputs);
  if (roundsInputs(operator)) return TOLERANCE.eightBits;
  return layer.dtype === 'float16' || layer.uses.some(({ castTo }) => castTo !== undefined)
    ? TOLERANCE.float16
    : TOLERANCE.float32;
}

const differs = (how: string): UserError =>
  new UserError(`The written file is not what was compressed (${how}), so it is not offered: try again.`);
