import { version } from '../../../package.json';
import { outputErrors } from '../calibration/outputError';
import type { Dataset } from '../evaluation/dataset';
import type { Factorisations } from '../methods/factorisations';
import { methodCalled } from '../methods/registry';
import { hashModel, hashText } from '../model/hash';
import { type Layer, layersOf } from '../model/layers';
import { countParameters, type Model, storedBytes } from '../model/model';
import { type Scope, scopeOf } from '../model/scopes';
import { type FileToWrite, filesOf, writtenBytes } from '../model/write';
import { dense } from '../operators/dense';
import type { Dense, Operator } from '../operators/operator';
import { replaceWeights } from '../operators/replace';
import type { LongCall } from '../progress';
import { withRecovery } from '../recovery';
import type { Session } from '../runtime';
import { measureError, multiplyOn, relativeError, weightOf } from './measure';
import type { CompressedLayerReport, CompressReport, ErrorReport, SkippedLayerReport } from './report';
import type { Recipe } from './schema';
import { selectLayers } from './select';

export interface Compressed {
  readonly model: Model;
  /** Ready to be written: the model with recipe and hashes in its metadata. */
  readonly files: readonly FileToWrite[];
  readonly report: CompressReport;
}

export interface CompressContext extends LongCall {
  readonly factorisations: Factorisations;
  /** Name of the written file; its external data, where it needs some, is called after it. */
  readonly fileName?: string;
  /** What messages call the recipe: its file. */
  readonly recipeName?: string;
  /** Data on which the error of each layer's output is reported. */
  readonly calibration?: { readonly dataset: Dataset; readonly open: (model: Model) => Promise<Session> };
}

/** A layer on its way through the steps. */
interface Work {
  operator: Operator;
  /** Relative error that the steps predict together, and that of what will be stored. */
  predicted: number;
  measured: number;
  ms: number;
  reason?: string;
}

/**
 * Runs a recipe: each step's method on the dense leaves of each selected layer, then one rewriting of the graph. The
 * model is left as it is. Throws a UserError for a pattern without a match or a weight with NaN, and the signal's reason
 * when aborted.
 */
export async function compress(model: Model, recipe: Recipe, context: CompressContext): Promise<Compressed> {
  const started = performance.now();
  const main = scopeOf(model.graph);
  const layers = layersOf(main);
  const selected = selectLayers(recipe, layers, context.recipeName);
  const touched = layers.filter((layer) => selected.some((step) => step.includes(layer)));
  const work = new Map<Layer, Work>();
  const failures: string[] = [];
  const { backend } = context.factorisations;
  for (const [done, layer] of touched.entries()) {
    context.signal?.throwIfAborted();
    const tell = (share: number) =>
      context.onProgress?.({ done: done + share, total: touched.length, label: layer.name });
    tell(0);
    const steps = recipe.steps.filter((_, i) => selected[i]!.includes(layer));
    const anew = (sentence: string) => {
      context.onProgress?.({ done, total: touched.length, label: `${sentence} Going on with ${layer.name}.` });
      failures.push(`${layer.name}: ${sentence}`);
    };
    const result = await withRecovery(backend, () => compressLayer(model, layer, steps, context, tell), anew);
    work.set(layer, result);
  }

  const rewritten = new Map([...work].filter(([, { operator }]) => operator.kind !== 'dense'));
  const outputs = await withRecovery(backend, () => outputErrorsOf(model, main, rewritten, context));
  const reports = [...rewritten].map(
    ([layer, { operator, predicted, measured, ms }]): CompressedLayerReport => ({
      name: layer.name,
      form: operator.form,
      weightError: { predicted, measured },
      ...(outputs.has(layer) && { outputError: outputs.get(layer)! }),
      bytesBefore: layer.bytes,
      bytesAfter: operator.bytes,
      ms,
    }),
  );
  const operators = new Map([...rewritten].map(([layer, { operator }]) => [layer, operator]));
  const changed = await replaceWeights(model, main, operators, context.signal);
  context.onProgress?.({ done: touched.length, total: touched.length, label: 'Hashing the original' });
  const metadata = {
    'carrara.version': version,
    'carrara.recipe': JSON.stringify(recipe),
    'carrara.recipe_sha256': hashText(JSON.stringify(recipe)),
    'carrara.original_sha256': await hashModel(model, context.signal),
  };
  const files = filesOf(changed, context.fileName ?? compressedName(model.name, 1), metadata);
  return {
    model: changed,
    files,
    report: {
      before: { bytes: storedBytes(model), parameters: countParameters(model) },
      after: { bytes: writtenBytes(files), parameters: countParameters(changed) },
      layers: reports,
      skipped: skippedIn(work),
      backend: backend.kind,
      ...(failures.length > 0 && { gpuFailures: failures }),
      ms: performance.now() - started,
    },
  };
}

async function outputErrorsOf(
  model: Model,
  main: Scope,
  rewritten: ReadonlyMap<Layer, Work>,
  { calibration, factorisations, ...call }: CompressContext,
): Promise<Map<Layer, ErrorReport>> {
  if (!calibration || rewritten.size === 0) return new Map();
  const layers = [...rewritten].map(
    ([layer, { operator }]) => [layer, { weight: weightOf(model, layer), operator }] as const,
  );
  return outputErrors(model, main, new Map(layers), {
    ...call,
    ...calibration,
    multiply: multiplyOn(factorisations.backend),
  });
}

async function compressLayer(
  model: Model,
  layer: Layer,
  steps: readonly Recipe['steps'][number][],
  context: LongCall & { readonly factorisations: Factorisations },
  onShare: (share: number) => void,
): Promise<Work> {
  const started = performance.now();
  const weight = weightOf(model, layer);
  const work: Work = { operator: weight, predicted: 0, measured: 0, ms: 0 };
  if (!layer.compressible) return { ...work, ...(layer.reason !== undefined && { reason: layer.reason }) };
  for (const { method, options } of steps) {
    const before = work.operator;
    work.operator = await before.mapLeaves(async (leaf) => {
      const outcome = await methodCalled(method).apply(leaf, options, {
        ...context,
        onProgress: ({ done, total }) => onShare(total > 0 ? done / total : 0),
      });
      if ('skipped' in outcome) {
        work.reason = outcome.skipped;
        return leaf;
      }
      work.predicted = outcome.predicted;
      return outcome.operator;
    });
    // A leaf's error says little about the whole, whose other factors scale its directions: it is computed, from the
    // tree as it is before its factors are rounded.
    if (before !== weight && work.operator.parameters !== before.parameters) {
      work.predicted = await relativeError(weight, work.operator, context.factorisations.backend);
    }
  }
  if (work.operator !== weight) {
    context.signal?.throwIfAborted();
    work.measured = await measureError(weight, work.operator, context.factorisations.backend);
    work.operator = await work.operator.mapLeaves(spill);
  }
  work.ms = performance.now() - started;
  return work;
}

/** Moves a leaf's values off the heap, so that memory is bounded by one layer: browsers keep large Blobs on disk. */
async function spill(leaf: Dense): Promise<Dense> {
  const blob = new Blob([await leaf.toDense()]);
  return dense(leaf.shape, leaf.type, async () => new Float32Array(await blob.arrayBuffer()));
}

const skippedIn = (work: ReadonlyMap<Layer, Work>): SkippedLayerReport[] =>
  [...work].flatMap(([{ name }, { operator, reason }]) =>
    operator.kind === 'dense' ? [{ name, reason: reason ?? 'no step changed it' }] : [],
  );

/** "recogniser.onnx" → "recogniser.run2.onnx", so that one run's file does not overwrite another's. */
export const compressedName = (name: string, run: number): string =>
  `${name.replace(/(\.run\d+)?\.onnx$/, '')}.run${run}.onnx`;
