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
import { hashModel, hashText } from '../model/hashModel';
import type { Layer } from '../model/layers';
import { type Model, storedBytes } from '../model/model';
import { countParameters } from '../model/parameters';
import { type FileToWrite, filesOf, writtenBytes } from '../model/write';
import { type ExportChoice, loadBytes, loadNeeds } from '../operators/export/choice';
import { replaceWeights } from '../operators/export/replace';
import { consumptionOf } from '../operators/export/subgraph';
import type { Operator } from '../operators/operator';
import { multiplyOn } from '../operators/product';
import { compressedBefore, skippedAsCompressed } from './compressedBefore';
import { isChanged, memoryOf, reportOf, skippedIn } from './layerOutcomes';
import type { CalibrationReport, CompressReport, ErrorReport, SkippedLayerReport } from './report';
import { resolvedRecipe } from './resolved';
import { layersIn } from './runner/graphStep';
import type { KeptResults } from './runner/keptResults';
import { Runner } from './runner/runner';
import { exportOf, type Recipe } from './schema';
import { selectLayers } from './select';

export interface Compressed {
  readonly model: Model;
  /** Ready to be written: the model with recipe and hashes in its metadata. */
  readonly files: readonly FileToWrite[];
  /** The model that layers were rewritten of: the original, but for what steps cut out of it. */
  readonly before: Model;
  /** Its layers that were rewritten, and what stands for the weight of each. */
  readonly rewritten: ReadonlyMap<Layer, Operator>;
  /** What stands for each rewritten weight, by the layer's id. */
  readonly operators: ReadonlyMap<string, Operator>;
  readonly report: CompressReport;
  /** The same operators written for another aim: nothing is compressed again. */
  writtenFor(chosen: Recipe['export'], call: LongCall): Promise<Compressed>;
}

export interface CompressContext extends LongCall {
  readonly factorisations: Factorisations;
  /** Name of the written file; its external data, where it needs some, is called after it. */
  readonly fileName?: string;
  /** What messages call the recipe: its file. */
  readonly recipeName?: string;
  /** What messages say is to be done where data is missing, as it is done here: "open an .npz". */
  readonly remedy?: string;
  /**
   * Data for the steps that need statistics of their layers' inputs, and on which the error of each layer's output is
   * reported. Kept from one call to the next, it observes nothing twice.
   */
  readonly calibration?: Calibration;
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
  const outputErrors = await outputErrorsOf(runner, context);
  runner.tell('Hashing the original');
  const originalHash = await hashModel(model, signal);
  const data = calibration && needsData(recipe) ? calibrationOf(calibration) : undefined;
  const skipped = [...skippedIn(runner.progress.values()), ...skippedAsCompressed(recipe, compressed)];
  const finished: Finished = { model, runner, recipe, context, outputErrors, originalHash, data, skipped, ms: 0 };
  const result = await written(finished, exportOf(recipe), context);
  finished.ms = performance.now() - started;
  return { ...result, report: { ...result.report, ms: finished.ms } };
}

/** A run whose steps are done: what is the same however it is written. */
interface Finished {
  readonly model: Model;
  readonly runner: Runner;
  readonly recipe: Recipe;
  readonly context: CompressContext;
  readonly outputErrors: ReadonlyMap<Layer, ErrorReport>;
  readonly originalHash: string;
  readonly data: CalibrationReport | undefined;
  readonly skipped: readonly SkippedLayerReport[];
  /** From the beginning to the first time that it was written. */
  ms: number;
}

/** The rewritten model with its files and report, as `choice` says. */
async function written(finished: Finished, choice: ExportChoice, call: LongCall): Promise<Compressed> {
  const { model, runner, context, outputErrors, data, skipped } = finished;
  const { model: cut, main } = runner.now;
  const changed = [...runner.progress.values()].filter(isChanged);
  const loads = loadBytes(changed.map(({ layer, operator }) => loadNeeds(operator, consumptionOf(layer), choice)));
  const layers = changed.map((each, i) => reportOf(each, outputErrors.get(each.layer), choice, loads[i]!));
  const rewritten = changed.filter(({ operator, weight }) => operator !== weight);
  const operators = new Map(rewritten.map(({ layer, operator }) => [layer, operator]));
  const replaced = await replaceWeights(cut, main, operators, { signal: call.signal, choice });
  const recipe = { ...finished.recipe, export: choice };
  const files = filesOf(replaced, context.fileName ?? compressedName(model.name, 1), metadataOf(finished, recipe));
  const parameters = rewritten.reduce(
    (count, { weight, operator }) => count - weight.parameters + operator.parameters,
    countParameters(cut),
  );
  return {
    model: replaced,
    files,
    before: cut,
    rewritten: operators,
    operators: new Map([...operators].map(([{ id }, operator]) => [id, operator])),
    report: {
      before: { bytes: storedBytes(model), parameters: countParameters(model) },
      after: { bytes: writtenBytes(files), parameters },
      memory: memoryOf(model, layers),
      layers,
      skipped,
      backend: context.factorisations.backend.kind,
      ...(data && { calibration: data }),
      ...(runner.trial && { trial: runner.trial }),
      ...(runner.gpuFailures.length > 0 && { gpuFailures: runner.gpuFailures }),
      ms: finished.ms,
    },
    writtenFor: (chosen, other) => written(finished, exportOf({ ...finished.recipe, export: chosen }), other),
  };
}

/** What the written file says of how it came about. */
function metadataOf({ originalHash, data }: Finished, recipe: Recipe): Record<string, string> {
  const resolved = JSON.stringify(resolvedRecipe(recipe));
  return {
    'carrara.version': version,
    'carrara.recipe': resolved,
    'carrara.recipe_sha256': hashText(resolved),
    'carrara.original_sha256': originalHash,
    'carrara.seed': String(recipe.seed ?? 0),
    ...(data && { 'carrara.calibration_sha256': data.sha256 }),
  };
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

/** How far the output of each rewritten layer moves on the calibration data, where there is some. */
async function outputErrorsOf(
  { now, progress, calibration }: Runner,
  { factorisations: { backend }, signal, onProgress }: CompressContext,
): Promise<ReadonlyMap<Layer, ErrorReport>> {
  const rewritten = [...progress.values()].filter(({ operator, weight }) => operator !== weight);
  if (!calibration || rewritten.length === 0) return new Map();
  const layers = new Map(rewritten.map(({ layer, weight, operator }) => [layer, { weight, operator }]));
  const call = { signal, onProgress, calibration, multiply: multiplyOn(backend) };
  return withRecovery(backend, () => outputErrors(now.model, now.main, layers, call));
}

/** "recogniser.onnx" → "recogniser.run2.onnx", so that one run's file does not overwrite another's. */
export const compressedName = (name: string, run: number): string =>
  `${name.replace(/(\.run\d+)?\.onnx$/, '')}.run${run}.onnx`;
