import type { ByteSource } from '../core/bytes';
import { layersIn } from '../model/layers';
import { type Model, readModel } from '../model/model';
import { filesOf } from '../model/write';
import { openOperator, putOperator, type StoredOperator } from '../operators/keeping/storedOperator';
import { weightOf } from '../operators/weight';
import type { FinishedRun } from '../recipe/finishedRun';
import type { ErrorReport } from '../recipe/report';
import { droppedLayer, type LayerProgress } from '../recipe/runner/layerProgress';
import type { Recipe } from '../recipe/schema';
import type { Reference } from '../store/records';
import type { Store, Writer } from '../store/store';

/** What a finished run is made again from, without compressing again. */
export interface KeptRun extends Omit<FinishedRun, 'original' | 'now' | 'changed' | 'outputErrors' | 'recipe'> {
  readonly recipe: Recipe;
  readonly layers: readonly KeptLayer[];
  /** The files of the model that units were cut from; absent where nothing was cut. */
  readonly cut?: readonly { readonly name: string; readonly artefact: Reference }[];
}

interface KeptLayer extends Pick<LayerProgress, 'before' | 'normShare' | 'steps' | 'ms'> {
  readonly id: string;
  /** Absent where the layer was only cut. */
  readonly operator?: StoredOperator;
  readonly outputError?: ErrorReport;
}

/** Puts what the run is made again from; the record that holds the answer must refer to the artefacts of `referencesOf`. */
export async function keepRun(run: FinishedRun, writer: Writer, signal?: AbortSignal): Promise<KeptRun> {
  const { original, now, changed, outputErrors, ...facts } = run;
  const layers: KeptLayer[] = [];
  for (const { layer, weight, operator, before, normShare, steps, ms } of changed) {
    const outputError = outputErrors.get(layer.id);
    layers.push({
      id: layer.id,
      before,
      normShare,
      steps,
      ms,
      ...(operator !== weight && { operator: await putOperator(operator, writer, signal) }),
      ...(outputError && { outputError }),
    });
  }
  return { ...facts, layers, ...(now.model !== original && { cut: await putModel(now.model, writer, signal) }) };
}

async function putModel(model: Model, { put }: Writer, signal: AbortSignal | undefined) {
  const files: { name: string; artefact: Reference }[] = [];
  for (const file of filesOf(model, model.name))
    files.push({ name: file.name, artefact: await put(file.chunks({ signal }), file.size) });
  return files;
}

export const referencesOf = ({ layers, cut = [] }: KeptRun): Reference[] => [
  ...layers.flatMap(({ operator }) => (operator ? [operator.artefact] : [])),
  ...cut.map(({ artefact }) => artefact),
];

/** Whether everything that the run is made again from is there, by its sizes. */
export async function isThere(run: KeptRun, store: Store): Promise<boolean> {
  for (const reference of referencesOf(run)) if (!(await store.artefact(reference))) return false;
  return true;
}

/** The run again, over the store's files; undefined where one of them is gone or damaged. `original`: as it is open. */
export async function restoreRun(
  { layers, cut, ...facts }: KeptRun,
  original: Model,
  store: Store,
  signal?: AbortSignal,
): Promise<FinishedRun | undefined> {
  const model = cut ? await openModel(cut, original.name, store, signal) : original;
  if (!model) return undefined;
  const now = layersIn(model);
  const byId = new Map(now.layers.map((layer) => [layer.id, layer]));
  const given = new Map(layersIn(original).layers.map((layer) => [layer.id, layer]));
  const changed: LayerProgress[] = [];
  const outputErrors = new Map<string, ErrorReport>();
  for (const { id, operator: stored, outputError, ...kept } of layers) {
    const layer = byId.get(id);
    const operator = stored && (await openOperator(stored, store, signal));
    if (stored && !(layer && operator)) return undefined;
    if (!layer) {
      const lost = given.get(id);
      if (!lost) return undefined;
      changed.push({ ...droppedLayer(lost), ...kept });
      continue;
    }
    // Caches know the original's weight by the layer's id, not what is left of it after a cut.
    const weight = weightOf(model, layer, model === original);
    changed.push({ layer, weight, operator: operator ?? weight, ...kept });
    if (outputError) outputErrors.set(id, outputError);
  }
  return { ...facts, original, now, changed, outputErrors };
}

async function openModel(
  files: NonNullable<KeptRun['cut']>,
  name: string,
  store: Store,
  signal: AbortSignal | undefined,
): Promise<Model | undefined> {
  const sources = new Map<string, ByteSource>();
  for (const { name: file, artefact } of files) {
    const source = (await store.check(artefact, signal)) && (await store.artefact(artefact));
    if (!source) return undefined;
    sources.set(file, { ...source, name: file });
  }
  return readModel({ ...[...sources.values()][0]!, name }, (location) => sources.get(location));
}
