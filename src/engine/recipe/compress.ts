import { version } from '../../../package.json';
import type { Calibration } from '../calibration/calibration';
import { outputErrors } from '../calibration/outputError';
import { UserError } from '../errors';
import { hashDataset } from '../evaluation/hash';
import type { Factorisations } from '../methods/factorisations';
import { methodCalled } from '../methods/registry';
import { hashModel, hashText } from '../model/hash';
import { type Layer, layersOf } from '../model/layers';
import { countParameters, type Model, opsetOf, storedBytes } from '../model/model';
import { type Scope, scopeOf } from '../model/scopes';
import { type FileToWrite, filesOf, writtenBytes } from '../model/write';
import { type ExportChoice, loadBytes, residentBytes } from '../operators/forms';
import { replaceWeights } from '../operators/replace';
import { modeOf } from '../operators/subgraph';
import { weightOf } from '../operators/weight';
import type { LongCall, Progress } from '../progress';
import { withRecovery } from '../recovery';
import { multiplyOn } from './measure';
import type {
  CalibrationReport,
  CompressedLayerReport,
  CompressReport,
  ErrorReport,
  SkippedLayerReport,
} from './report';
import { exportOf, type Recipe } from './schema';
import { selectLayers } from './select';
import { runStep, type Work } from './step';

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
  /**
   * Data for the steps that need statistics of their layers' inputs, and on which the error of each layer's output is
   * reported. Kept from one call to the next, it observes nothing twice.
   */
  readonly calibration?: Calibration;
}

/**
 * Runs a recipe: each step's method on the dense leaves of each layer that it selects, then one rewriting of the graph.
 * The model is left as it is. Throws a UserError for a pattern without a match, for a weight with NaN and for a method
 * whose data is missing, and the signal's reason when aborted.
 */
export async function compress(model: Model, recipe: Recipe, context: CompressContext): Promise<Compressed> {
  const started = performance.now();
  const main = scopeOf(model.graph);
  const layers = layersOf(main);
  const selected = selectLayers(recipe, layers, context.recipeName);
  const touched = layers.filter((layer) => selected.some((step) => step.includes(layer)));
  const works = new Map(touched.map((layer) => [layer, begin(model, layer)]));
  const needing = stepsWithData(recipe);
  checkData(needing, recipe, context);
  const calibrated = new Set(needing.flatMap((i) => selected[i]!));
  const { backend } = context.factorisations;
  const failures: string[] = [];
  const total = selected.reduce((sum, { length }) => sum + length, 0);
  let before = 0;
  for (const [i, { method: name, options }] of recipe.steps.entries()) {
    const method = methodCalled(name);
    const step = selected[i]!;
    const tell = (done: number, label: string) => context.onProgress?.({ done: before + done, total, label });
    if (i === needing[0]) {
      const onProgress = ({ label }: Progress) => tell(0, label);
      await context.calibration!.collect(model, main, calibrated, { signal: context.signal, onProgress });
    }
    await runStep(
      step.map((layer) => works.get(layer)!),
      method,
      options,
      {
        factorisations: context.factorisations,
        signal: context.signal,
        seed: recipe.seed ?? 0,
        opset: opsetOf(model),
        statisticsOf: (layer) => context.calibration?.statisticsOf(layer) ?? 'no calibration data was given',
        onProgress: ({ done, label }) => tell(done, label),
        onAnew(layer, sentence) {
          tell(step.indexOf(layer), `${sentence} Going on with ${layer.name}.`);
          failures.push(`${layer.name}: ${sentence}`);
        },
      },
    );
    before += step.length;
  }

  const rewritten = new Map([...works].filter(([, { operator, weight }]) => operator !== weight));
  const outputs = await withRecovery(backend, () => outputErrorsOf(model, main, rewritten, context));
  const reports = [...rewritten.values()].map((work) => reportOf(work, outputs.get(work.layer)));
  const operators = new Map([...rewritten].map(([layer, { operator }]) => [layer, operator]));
  const choice = exportOf(recipe);
  const changed = await replaceWeights(model, main, operators, { signal: context.signal, choice });
  context.onProgress?.({ done: total, total, label: 'Hashing the original' });
  const calibration = needing.length > 0 ? calibrationOf(context.calibration!) : undefined;
  const metadata = {
    'carrara.version': version,
    'carrara.recipe': JSON.stringify(recipe),
    'carrara.recipe_sha256': hashText(JSON.stringify(recipe)),
    'carrara.original_sha256': await hashModel(model, context.signal),
    'carrara.seed': String(recipe.seed ?? 0),
    ...(calibration && { 'carrara.calibration_sha256': calibration.sha256 }),
  };
  const files = filesOf(changed, context.fileName ?? compressedName(model.name, 1), metadata);
  const parameters = countParameters(model);
  return {
    model: changed,
    files,
    report: {
      before: { bytes: storedBytes(model), parameters },
      after: {
        bytes: writtenBytes(files),
        parameters:
          parameters - reports.reduce((sum, layer) => sum + layer.parametersBefore - layer.parametersAfter, 0),
      },
      memory: memoryOf(model, rewritten, choice),
      layers: reports,
      skipped: skippedIn(works),
      backend: backend.kind,
      ...(calibration && { calibration }),
      ...(failures.length > 0 && { gpuFailures: failures }),
      ms: performance.now() - started,
    },
  };
}

/** Whether a step of the recipe needs statistics of its layers' inputs. */
export const needsData = (recipe: Recipe): boolean => stepsWithData(recipe).length > 0;

/** Positions of the steps that need data. */
const stepsWithData = ({ steps }: Recipe): number[] =>
  [...steps.keys()].filter((i) => methodCalled(steps[i]!.method).needsData?.(steps[i]!.options) ?? false);

function checkData([first]: readonly number[], { steps }: Recipe, { calibration, recipeName }: CompressContext): void {
  if (first === undefined || calibration) return;
  throw new UserError(
    `${recipeName ?? 'The recipe'}, step ${first + 1}: ${steps[first]!.method} with these options needs calibration data: open an .npz with samples of the model's inputs (on the command line, --calibration SAMPLES.npz).`,
  );
}

function calibrationOf({ dataset }: Calibration): CalibrationReport {
  const { name, samples, of } = dataset;
  return { data: name, samples, ...(of !== undefined && { samplesOf: of }), sha256: hashDataset(dataset) };
}

function begin(model: Model, layer: Layer): Work {
  const weight = weightOf(model, layer);
  return { layer, weight, operator: weight, steps: [], ms: 0 };
}

function reportOf({ layer, operator, steps, ms }: Work, outputError: ErrorReport | undefined): CompressedLayerReport {
  return {
    name: layer.name,
    form: operator.form,
    // What the steps add is as good as orthogonal: a truncation's rest to what it keeps, rounding to everything.
    weightError: { predicted: Math.hypot(...steps.map(({ added }) => added)), measured: steps.at(-1)!.error },
    ...(outputError && { outputError }),
    bytesBefore: layer.bytes,
    bytesAfter: operator.bytes,
    parametersBefore: layer.parameters,
    parametersAfter: operator.parameters,
    steps,
    ms,
  };
}

function memoryOf(model: Model, rewritten: ReadonlyMap<Layer, Work>, choice: ExportChoice) {
  let estimatedResident = storedBytes(model);
  let estimatedLoad = estimatedResident;
  for (const [layer, { operator }] of rewritten) {
    const mode = modeOf(layer, layer.uses[0]!);
    estimatedResident += residentBytes(operator, mode, choice) - layer.bytes;
    estimatedLoad += loadBytes(operator, mode, choice) - layer.bytes;
  }
  return { estimatedResident, estimatedLoad };
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

const skippedIn = (works: ReadonlyMap<Layer, Work>): SkippedLayerReport[] =>
  [...works.values()].flatMap(({ layer, operator, weight, steps }) => {
    if (operator !== weight) return [];
    const reason = layer.reason ?? steps.findLast(({ skipped }) => skipped !== undefined)?.skipped;
    return [{ name: layer.name, reason: reason ?? 'no step changed it' }];
  });

/** "recogniser.onnx" → "recogniser.run2.onnx", so that one run's file does not overwrite another's. */
export const compressedName = (name: string, run: number): string =>
  `${name.replace(/(\.run\d+)?\.onnx$/, '')}.run${run}.onnx`;
