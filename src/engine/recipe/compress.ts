import { version } from '../../../package.json';
import { withRecovery } from '../backend/recovery';
import type { Calibration } from '../calibration/calibration';
import { outputErrors } from '../calibration/outputError';
import { UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import { hashDataset } from '../evaluation/hashDataset';
import { dataFileNoun } from '../formats/formats';
import type { Factorisations } from '../methods/factorisations';
import type { Trial } from '../methods/pruneStructured/trial';
import { getMethod } from '../methods/registry';
import { hashModel } from '../model/hashModel';
import { layersIn } from '../model/layers';
import type { Model } from '../model/model';
import { multiplyOn } from '../operators/product';
import { compressedBefore, skippedAsCompressed } from './compressedBefore';
import { type Compressed, type FinishedRun, writeRun } from './finishedRun';
import { isChanged, skippedIn } from './layerOutcomes';
import type { CalibrationReport, ErrorReport } from './report';
import type { KeptResults } from './runner/keptResults';
import { Runner } from './runner/runner';
import type { Recipe } from './schema';
import { selectLayers } from './select';

export interface CompressContext extends LongCall {
  readonly factorisations: Factorisations;
  /** Name of the written file; its external data, where it needs some, is called after it. */
  readonly fileName?: string;
  /** What messages call the recipe: its file. */
  readonly recipeName?: string;
  /** What messages tell the user to do where data is missing: "open an .npz". */
  readonly remedy?: string;
  /**
   * Data for the steps that need statistics of their layers' inputs, and on which the error of each layer's output is
   * reported. Kept from one call to the next, it observes nothing twice.
   */
  readonly calibration?: Calibration | undefined;
  /** Reports no errors of outputs, which take as long as the steps: for one of many trials. */
  readonly withoutOutputErrors?: boolean;
  /** For trying what steps cut on a sample; absent: the report says that nothing was tried. */
  readonly trial?: Trial;
  /** Where results of finished layers are kept, so that a run that was interrupted loses at most the layer at work. */
  readonly kept?: KeptResults | undefined;
}

/**
 * Runs a recipe: each step's method on the dense leaves of each layer that it selects, then one rewriting of the graph.
 * The model is left as it is. Throws a UserError for a pattern without a match, for a weight with NaN and for a method
 * whose data is missing, and the signal's reason when aborted.
 */
export async function compress(model: Model, recipe: Recipe, context: CompressContext): Promise<Compressed> {
  const started = performance.now();
  const given = layersIn(model);
  const { factorisations, calibration, trial, kept, signal, onProgress } = context;
  const compressed = compressedBefore(model, given.layers);
  const selected = selectLayers(recipe, given.layers, context.recipeName, compressed);
  checkData(recipe, context);
  const steps = recipe.steps.map((step, i) => ({ ...step, layers: selected[i]! }));
  const runner = new Runner(given, steps, {
    factorisations: factorisations.forRun(),
    seed: recipe.seed ?? 0,
    calibration,
    noCalibration: 'no calibration data was given',
    trial,
    kept,
    signal,
    onProgress,
  });
  await runner.runAll();
  const outputErrors = context.withoutOutputErrors ? new Map() : await outputErrorsOf(runner, context);
  runner.tell('Hashing the original');
  const originalHash = await hashModel(model, signal);
  const run: FinishedRun = {
    original: model,
    originalHash,
    now: runner.now,
    changed: [...runner.progress.values()].filter(isChanged),
    outputErrors,
    recipe,
    fileName: context.fileName ?? compressedName(model.name, 1),
    program: version,
    skipped: [...skippedIn(runner.progress.values()), ...skippedAsCompressed(recipe, compressed)],
    backend: factorisations.backend.kind,
    ...(calibration && needsData(recipe) && { calibration: calibrationOf(calibration) }),
    ...(runner.trial && { trial: runner.trial }),
    ...(runner.gpuFailures.length > 0 && { gpuFailures: runner.gpuFailures }),
    ms: 0,
  };
  const result = await writeRun(run, context);
  run.ms = performance.now() - started;
  return { ...result, report: { ...result.report, ms: run.ms } };
}

/** Whether a step of the recipe needs statistics of its layers' inputs. */
export const needsData = (recipe: Recipe): boolean => stepsWithData(recipe).length > 0;

/** Positions of the steps that need data. */
const stepsWithData = ({ steps }: Recipe): number[] =>
  [...steps.keys()].filter((i) => getMethod(steps[i]!.method).needsData?.(steps[i]!.options) ?? false);

function checkData(recipe: Recipe, context: CompressContext): void {
  const { calibration, recipeName = 'The recipe', remedy = `give ${dataFileNoun()}` } = context;
  const [first] = stepsWithData(recipe);
  if (first === undefined || calibration) return;
  throw new UserError(
    `${recipeName}, step ${first + 1}: ${recipe.steps[first]!.method} with these options needs calibration data, samples of the model's inputs: ${remedy}.`,
  );
}

function calibrationOf({ dataset }: Calibration): CalibrationReport {
  const { name, samples, of } = dataset;
  return { data: name, samples, ...(of !== undefined && { samplesOf: of }), sha256: hashDataset(dataset) };
}

/** How far the output of each rewritten layer moves on the calibration data, where there is some; by the layer's id. */
async function outputErrorsOf(
  { now, progress, calibration }: Runner,
  { factorisations: { backend }, signal, onProgress }: CompressContext,
): Promise<ReadonlyMap<string, ErrorReport>> {
  const rewritten = [...progress.values()].filter(({ operator, weight }) => operator !== weight);
  if (!calibration || rewritten.length === 0) return new Map();
  const layers = new Map(rewritten.map(({ layer, weight, operator }) => [layer, { weight, operator }]));
  const call = { signal, onProgress, calibration, multiply: multiplyOn(backend) };
  const found = await withRecovery(backend, () => outputErrors(now.model, now.main, layers, call));
  return new Map([...found].map(([layer, error]) => [layer.id, error]));
}

/** "recogniser.onnx" → "recogniser.run2.onnx", so that one run's file does not overwrite another's. */
export const compressedName = (name: string, run: number): string =>
  `${name.replace(/(\.run\d+)?\.onnx$/, '')}.run${run}.onnx`;
