import { version } from '../../../package.json';
import { withRecovery } from '../backend/recovery';
import type { Calibration } from '../calibration/calibration';
import { outputErrors } from '../calibration/outputError';
import { UserError } from '../core/errors';
import { PlannedPace } from '../core/pace';
import type { LongCall, Progress } from '../core/progress';
import { hashDataset } from '../evaluation/hashDataset';
import { dataFileNoun } from '../formats/formats';
import type { Factorisations } from '../methods/factorisations';
import { isGraphMethod } from '../methods/method';
import type { Trial } from '../methods/pruneStructured/trial';
import { getMethod } from '../methods/registry';
import type { TrialReport } from '../methods/report';
import { workOf } from '../methods/work';
import { hashModel, hashText } from '../model/hashModel';
import { type Layer, layersOf } from '../model/layers';
import { type Model, opsetOf, storedBytes } from '../model/model';
import { countParameters } from '../model/parameters';
import { type Scope, scopeOf } from '../model/scopes';
import { type FileToWrite, filesOf, writtenBytes } from '../model/write';
import { loadBytes, loadNeeds } from '../operators/export/choice';
import { replaceWeights } from '../operators/export/replace';
import { consumptionOf } from '../operators/export/subgraph';
import type { Operator } from '../operators/operator';
import { multiplyOn } from '../operators/product';
import { compressedBefore, leftBefore } from './compressedBefore';
import { begin, calibrationFor, runGraphStep, type State } from './graphStep';
import { isChanged, memoryOf, reportOf, skippedIn } from './layerOutcomes';
import type { CalibrationReport, CompressReport, ErrorReport } from './report';
import { resolvedRecipe } from './resolved';
import { exportOf, type Recipe } from './schema';
import { selectLayers } from './select';
import { runStep, type Work } from './step';

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
}

/**
 * Runs a recipe: each step's method on the dense leaves of each layer that it selects, then one rewriting of the graph.
 * The model is left as it is. Throws a UserError for a pattern without a match, for a weight with NaN and for a method
 * whose data is missing, and the signal's reason when aborted.
 */
export async function compress(model: Model, recipe: Recipe, context: CompressContext): Promise<Compressed> {
  const started = performance.now();
  const main = scopeOf(model);
  const layers = layersOf(main);
  const gone = compressedBefore(model, layers);
  const selected = selectLayers(recipe, layers, context.recipeName, gone);
  const touched = layers.filter((layer) => selected.some((step) => step.includes(layer)));
  const state: State = { model, main, layers, works: new Map(touched.map((layer) => [layer.id, begin(model, layer)])) };
  const { works } = state;
  const needing = stepsWithData(recipe);
  checkData(needing, recipe, context);
  const calibrated = new Set(needing.flatMap((i) => selected[i]!.map(({ id }) => id)));
  const { backend } = context.factorisations;
  const failures: string[] = [];
  // Layers that no method may rewrite take no time, and are no part of the progress.
  const worked = recipe.steps.map(({ method }, i) =>
    isGraphMethod(getMethod(method)) ? selected[i]! : selected[i]!.filter(({ compressible }) => compressible),
  );
  const total = worked.reduce((sum, { length }) => sum + length, 0);
  let past = 0;
  const pace = new PlannedPace(
    recipe.steps.flatMap(({ method, options }, i) =>
      worked[i]!.map((layer) => workOf(layer, getMethod(method), options, context.factorisations)),
    ),
  );
  let { calibration } = context;
  let trial: TrialReport | undefined;
  for (const [i, { method: name, options }] of recipe.steps.entries()) {
    const method = getMethod(name);
    const ids = new Set(selected[i]!.map(({ id }) => id));
    const step = state.layers.filter(({ id }) => ids.has(id));
    const tell = (part: number, label: string) => {
      const done = past + part;
      context.onProgress?.({ done, total, label, secondsLeft: pace.secondsLeft(done) ?? 'unknown' });
    };
    if (needing.includes(i)) {
      calibration = calibrationFor(state, model, context.calibration, calibration);
      const onProgress = ({ label }: Progress) => tell(0, label);
      // A method that edits the graph looks at layers that its step does not select.
      const observed = isGraphMethod(method) ? state.layers : state.layers.filter(({ id }) => calibrated.has(id));
      await calibration!.collect(state.model, state.main, observed, { signal: context.signal, onProgress });
    }
    const call = {
      factorisations: context.factorisations.forRun(),
      signal: context.signal,
      seed: recipe.seed ?? 0,
      opset: opsetOf(model),
      statisticsOf: (layer: Layer) => calibration?.statisticsOf(layer) ?? 'no calibration data was given',
      onProgress: ({ done, label }: Progress) => tell(done, label),
      onRetry(layer: Layer, sentence: string) {
        tell(
          worked[i]!.findIndex(({ id }) => id === layer.id),
          `${sentence} Going on with ${layer.name}.`,
        );
        failures.push(`${layer.name}: ${sentence}`);
      },
    };
    if (isGraphMethod(method)) {
      const tried = await runGraphStep(state, step, method, options, { ...call, trial: context.trial });
      // Of several steps the one that could not be tried is what a user must know of.
      if (tried && trial?.ran !== false) trial = tried;
    } else
      await runStep(
        step.map(({ id }) => works.get(id)!),
        method,
        options,
        call,
      );
    past += worked[i]!.length;
  }

  const changedWorks = [...works.values()].filter(isChanged);
  const rewritten = new Map(
    [...works.values()].filter(({ operator, weight }) => operator !== weight).map((work) => [work.layer, work]),
  );
  calibration = calibrationFor(state, model, context.calibration, calibration);
  const outputs = await withRecovery(backend, () =>
    outputErrorsOf(state.model, state.main, rewritten, { ...context, ...(calibration && { calibration }) }),
  );
  const operators = new Map([...rewritten].map(([layer, { operator }]) => [layer, operator]));
  context.onProgress?.({ done: total, total, label: 'Hashing the original', secondsLeft: 'unknown' });
  const originalHash = await hashModel(model, context.signal);
  const data = needing.length > 0 ? calibrationOf(context.calibration!) : undefined;
  const compressedParameters = [...rewritten.values()].reduce(
    (count, { weight, operator }) => count - weight.parameters + operator.parameters,
    countParameters(state.model),
  );
  let ms = 0;
  const written = async (as: Recipe, call: LongCall): Promise<Compressed> => {
    const choice = exportOf(as);
    const needs = changedWorks.map(({ layer, operator }) => loadNeeds(operator, consumptionOf(layer), choice));
    const loads = loadBytes(needs);
    const reports = changedWorks.map((work, i) => reportOf(work, outputs.get(work.layer), choice, loads[i]!));
    const changed = await replaceWeights(state.model, state.main, operators, { signal: call.signal, choice });
    const resolved = JSON.stringify(resolvedRecipe(as));
    const metadata = {
      'carrara.version': version,
      'carrara.recipe': resolved,
      'carrara.recipe_sha256': hashText(resolved),
      'carrara.original_sha256': originalHash,
      'carrara.seed': String(recipe.seed ?? 0),
      ...(data && { 'carrara.calibration_sha256': data.sha256 }),
    };
    const files = filesOf(changed, context.fileName ?? compressedName(model.name, 1), metadata);
    return {
      model: changed,
      files,
      before: state.model,
      rewritten: operators,
      operators: new Map([...operators].map(([{ id }, operator]) => [id, operator])),
      report: {
        before: { bytes: storedBytes(model), parameters: countParameters(model) },
        after: { bytes: writtenBytes(files), parameters: compressedParameters },
        memory: memoryOf(model, reports),
        layers: reports,
        skipped: [...skippedIn(works.values()), ...leftBefore(recipe, gone)],
        backend: backend.kind,
        ...(data && { calibration: data }),
        ...(trial && { trial }),
        ...(failures.length > 0 && { gpuFailures: failures }),
        ms,
      },
      writtenFor: (chosen, other) => written({ ...recipe, export: chosen }, other),
    };
  };
  const compressed = await written(recipe, context);
  ms = performance.now() - started;
  return { ...compressed, report: { ...compressed.report, ms } };
}

/** Whether a step of the recipe needs statistics of its layers' inputs. */
export const needsData = (recipe: Recipe): boolean => stepsWithData(recipe).length > 0;

/** Positions of the steps that need data. */
const stepsWithData = ({ steps }: Recipe): number[] =>
  [...steps.keys()].filter((i) => getMethod(steps[i]!.method).needsData?.(steps[i]!.options) ?? false);

function checkData([first]: readonly number[], { steps }: Recipe, context: CompressContext): void {
  const { calibration, recipeName = 'The recipe', remedy = `give ${dataFileNoun()}` } = context;
  if (first === undefined || calibration) return;
  throw new UserError(
    `${recipeName}, step ${first + 1}: ${steps[first]!.method} with these options needs calibration data, samples of the model's inputs: ${remedy}.`,
  );
}

function calibrationOf({ dataset }: Calibration): CalibrationReport {
  const { name, samples, of } = dataset;
  return { data: name, samples, ...(of !== undefined && { samplesOf: of }), sha256: hashDataset(dataset) };
}

async function outputErrorsOf(
  model: Model,
  main: Scope,
  rewritten: ReadonlyMap<Layer, Work>,
  { calibration, factorisations, ...call }: CompressContext,
): Promise<Map<Layer, ErrorReport>> {
  if (!calibration || rewritten.size === 0) return new Map();
  const layers = [...rewritten].map(([layer, { operator, weight }]) => [layer, { weight, operator }] as const);
  return outputErrors(model, main, new Map(layers), {
    ...call,
    calibration,
    multiply: multiplyOn(factorisations.backend),
  });
}

/** "recogniser.onnx" → "recogniser.run2.onnx", so that one run's file does not overwrite another's. */
export const compressedName = (name: string, run: number): string =>
  `${name.replace(/(\.run\d+)?\.onnx$/, '')}.run${run}.onnx`;
