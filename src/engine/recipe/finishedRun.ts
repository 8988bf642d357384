import type { LongCall } from '../core/progress';
import { hashText } from '../core/sha256';
import type { Layer, ModelLayers } from '../model/layers';
import { type Model, storedBytes } from '../model/model';
import { countParameters } from '../model/parameters';
import { type FileToWrite, filesOf, writtenBytes } from '../model/write';
import { type ExportChoice, loadBytes, loadNeeds } from '../operators/export/choice';
import { replaceWeights } from '../operators/export/replace';
import { consumptionOf } from '../operators/export/subgraph';
import type { Operator } from '../operators/operator';
import { memoryOf, reportOf } from './layerOutcomes';
import type { CompressReport, ErrorReport } from './report';
import { resolvedRecipe } from './resolved';
import type { LayerProgress } from './runner/layerProgress';
import { exportOf, type Recipe } from './schema';

/** A run whose steps are done: what is the same however it is written. */
export interface FinishedRun
  extends Pick<CompressReport, 'skipped' | 'backend' | 'calibration' | 'trial' | 'gpuFailures'> {
  /** As it was opened. */
  readonly original: Model;
  readonly originalHash: string;
  /** What layers are rewritten of: the original, but for what steps cut out of it. */
  readonly now: ModelLayers;
  /** The layers that were rewritten or cut. */
  readonly changed: readonly LayerProgress[];
  /** By layer id; empty where there was no data. */
  readonly outputErrors: ReadonlyMap<string, ErrorReport>;
  readonly recipe: Recipe;
  /** Name of the written file; its external data, where it needs some, is called after it. */
  readonly fileName: string;
  /** The version of the program that compressed. */
  readonly program: string;
  /** From the beginning to the first time that it was written. */
  ms: number;
}

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
  /** What it was written from; what a store keeps of it. */
  readonly run: FinishedRun;
  /** The same operators written for another aim: nothing is compressed again. */
  writtenFor(chosen: Recipe['export'], call: LongCall): Promise<Compressed>;
}

/** The rewritten model with its files and report, as the run's recipe says or `choice`. */
export async function writeRun(
  run: FinishedRun,
  call: LongCall,
  choice: ExportChoice = exportOf(run.recipe),
): Promise<Compressed> {
  const { original, now, changed, outputErrors, recipe, fileName } = run;
  const { skipped, backend, calibration, trial, gpuFailures } = run;
  const loads = loadBytes(changed.map(({ layer, operator }) => loadNeeds(operator, consumptionOf(layer), choice)));
  const layers = changed.map((each, i) => reportOf(each, outputErrors.get(each.layer.id), choice, loads[i]!));
  const rewritten = changed.filter(({ operator, weight }) => operator !== weight);
  const operators = new Map(rewritten.map(({ layer, operator }) => [layer, operator]));
  const model = await replaceWeights(now.model, now.main, operators, { signal: call.signal, choice });
  const files = filesOf(model, fileName, metadataOf(run, { ...recipe, export: choice }));
  const parameters = rewritten.reduce(
    (count, { weight, operator }) => count - weight.parameters + operator.parameters,
    countParameters(now.model),
  );
  return {
    model,
    files,
    before: now.model,
    rewritten: operators,
    operators: new Map([...operators].map(([{ id }, operator]) => [id, operator])),
    report: {
      before: { bytes: storedBytes(original), parameters: countParameters(original) },
      after: { bytes: writtenBytes(files), parameters },
      memory: memoryOf(original, layers),
      layers,
      skipped,
      backend,
      ...(calibration && { calibration }),
      ...(trial && { trial }),
      ...(gpuFailures && { gpuFailures }),
      ms: run.ms,
    },
    run,
    writtenFor: (chosen, other) => writeRun(run, other, exportOf({ ...recipe, export: chosen })),
  };
}

/** What the written file says of how it came about. */
export function metadataOf(
  {
    program,
    originalHash,
    calibration,
  }: Pick<FinishedRun, 'program' | 'originalHash'> & {
    readonly calibration?: { readonly sha256: string } | undefined;
  },
  recipe: Recipe,
): Record<string, string> {
  const resolved = JSON.stringify(resolvedRecipe(recipe));
  return {
    'carrara.version': program,
    'carrara.recipe': resolved,
    'carrara.recipe_sha256': hashText(resolved),
    'carrara.original_sha256': originalHash,
    'carrara.seed': String(recipe.seed ?? 0),
    ...(calibration && { 'carrara.calibration_sha256': calibration.sha256 }),
  };
}
