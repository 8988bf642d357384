import { withRecovery } from '../../backend/recovery';
import { Calibration } from '../../calibration/calibration';
import { predictedOutputError } from '../../calibration/outputError';
import { PlannedPace } from '../../core/pace';
import type { LongCall, Progress } from '../../core/progress';
import type { Factorisations } from '../../methods/factorisations';
import { type AnyMethod, isGraphMethod, type Method } from '../../methods/method';
import type { Trial } from '../../methods/pruneStructured/trial';
import { getMethod } from '../../methods/registry';
import type { TrialReport } from '../../methods/report';
import { workOf } from '../../methods/work';
import type { Layer, ModelLayers } from '../../model/layers';
import { opsetOf } from '../../model/model';
import { multiplyOn } from '../../operators/product';
import { resolvedOptions } from '../resolved';
import type { MethodStep } from '../schema';
import { runGraphStep } from './graphStep';
import type { KeptResults } from './keptResults';
import { beginLayer, type LayerProgress } from './layerProgress';
import { type LayerMemory, runLeafStep } from './leafStep';
import { ResultKeys } from './resultKeys';

/** A step of a recipe with the layers that it selects, of the model as it was given. */
export type RunnableStep = Pick<MethodStep, 'kind' | 'method' | 'options'> & { readonly layers: readonly Layer[] };

export interface RunnerContext extends LongCall {
  readonly factorisations: Factorisations;
  readonly seed: number;
  /** For steps that look at data; kept from one runner to the next, it observes nothing twice. */
  readonly calibration?: Calibration | undefined;
  /** Why there are no statistics where there is no calibration, as the end of a sentence. */
  readonly noCalibration: string;
  /** For trying what steps cut on a sample. */
  readonly trial?: Trial | undefined;
  /** Where results of finished layers are looked up and kept. */
  readonly kept?: KeptResults | undefined;
}

/**
 * Runs the steps of a stack on a model's layers, one step after the other: the one engine behind compressing a model,
 * trying a stack on one layer and measuring a method at a size. Its callers choose steps and layers and read what became
 * of them; the runner holds the model as it is now, observes the data for the steps that look at it, begins a layer again
 * where the GPU fails, and tells how far it is. The model that was given stays as it is.
 */
export class Runner {
  /** As the steps so far left it: only cuts change it, what stands for single weights is in `progress`. */
  now: ModelLayers;
  /** By layer id: those that steps select, and those that cuts changed along with them. */
  readonly progress: Map<string, LayerProgress>;
  /** Layers that were begun again on another device, and why. */
  readonly gpuFailures: string[] = [];
  /** How cuts were tried; where several steps cut, the last one, unless one could not be tried. */
  trial: TrialReport | undefined;

  readonly #given: ModelLayers;
  readonly #opset: number;
  readonly #keys: ResultKeys;
  /** Layers of each step that take time. */
  readonly #worked: readonly (readonly Layer[])[];
  readonly #total: number;
  readonly #pace: PlannedPace;
  #done = 0;
  #calibration: Calibration | undefined;

  constructor(
    given: ModelLayers,
    private readonly steps: readonly RunnableStep[],
    private readonly context: RunnerContext,
  ) {
    const { calibration, factorisations, seed, signal } = context;
    this.now = given;
    this.#given = given;
    this.#calibration = calibration;
    this.#opset = opsetOf(given.model);
    this.#keys = new ResultKeys({
      model: given.model,
      opset: this.#opset,
      seed,
      backend: factorisations.backend.kind,
      dataset: calibration?.dataset,
      signal,
    });
    const touched = given.layers.filter((layer) => steps.some(({ layers }) => layers.includes(layer)));
    this.progress = new Map(touched.map((layer) => [layer.id, beginLayer(given.model, layer)]));
    this.#worked = steps.map(({ method, layers }) =>
      isGraphMethod(getMethod(method)) ? layers : layers.filter(({ compressible }) => compressible),
    );
    this.#total = this.#worked.reduce((sum, { length }) => sum + length, 0);
    this.#pace = new PlannedPace(
      steps.flatMap(({ method, options }, i) =>
        this.#worked[i]!.map((layer) => workOf(layer, getMethod(method), options, factorisations)),
      ),
    );
  }

  /** What the layers see of the data, in the model as it is now: the inputs of a model that was cut are narrower. */
  get calibration(): Calibration | undefined {
    const given = this.context.calibration;
    if (given && this.now.model !== this.#given.model && this.#calibration === given)
      this.#calibration = new Calibration(given.source);
    return this.#calibration;
  }

  /** Runs all steps, one after the other. */
  async runAll(): Promise<void> {
    for (const i of this.steps.keys()) await this.run(i);
  }

  /** Runs step `i`; the steps before it must have been run. Throws the signal's reason when aborted. */
  async run(i: number): Promise<void> {
    this.context.signal?.throwIfAborted();
    const step = this.steps[i]!;
    switch (step.kind) {
      case 'method':
        await this.#runMethod(i, step);
        break;
      default:
        step.kind satisfies never;
    }
    this.#done += this.#worked[i]!.length;
  }

  /** A layer that a step selects, as the steps so far left it; the same object through all steps. */
  layer(id: string): LayerProgress {
    const found = this.progress.get(id);
    if (!found) throw new RangeError(`No step selects a layer ${id}.`);
    return found;
  }

  /** The layer's weight as it is now, dense. */
  async valuesOf(id: string): Promise<Float32Array<ArrayBuffer>> {
    const { backend } = this.context.factorisations;
    const { operator } = this.layer(id);
    return withRecovery(backend, () => operator.toDense(multiplyOn(backend, this.context.signal)));
  }

  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ of a layer from what was observed of its input; undefined where nothing was. */
  async outputErrorOf(id: string): Promise<number | undefined> {
    const { weight, operator, layer } = this.layer(id);
    const observed = this.calibration?.observedOf(layer) ?? [];
    if (observed.length === 0) return undefined;
    const { backend } = this.context.factorisations;
    return withRecovery(backend, () => predictedOutputError({ weight, operator }, observed, multiplyOn(backend)));
  }

  /** Tells how far the steps are: `part` layers of the one at work. */
  tell(label: string, part = 0): void {
    const done = this.#done + part;
    const secondsLeft = this.#pace.secondsLeft(done) ?? 'unknown';
    this.context.onProgress?.({ done, total: this.#total, label, secondsLeft });
  }

  async #runMethod(i: number, { method: name, options, layers }: RunnableStep): Promise<void> {
    const method = getMethod(name);
    const ids = new Set(layers.map(({ id }) => id));
    const selected = this.now.layers.filter(({ id }) => ids.has(id));
    if (method.needsData?.(options)) await this.#observeFor(method);
    const { factorisations, signal, seed, trial } = this.context;
    const call = {
      factorisations,
      signal,
      seed,
      opset: this.#opset,
      statisticsOf: (layer: Layer) => this.calibration?.statisticsOf(layer) ?? this.context.noCalibration,
      onProgress: ({ done, label }: Progress) => this.tell(label, done),
    };
    if (isGraphMethod(method)) {
      const edited = await runGraphStep(this.now, this.progress, selected, method, options, { ...call, trial });
      this.now = edited.now;
      if (edited.trial && this.trial?.ran !== false) this.trial = edited.trial;
      return;
    }
    const works = selected.map(({ id }) => this.progress.get(id)!);
    await runLeafStep(works, method, options, {
      ...call,
      memory: await this.#memoryFor(works, method, options),
      onRetry: ({ id, name: layer }, sentence) => {
        const at = this.#worked[i]!.findIndex((one) => one.id === id);
        this.tell(`${sentence} Going on with ${layer}.`, at);
        this.gpuFailures.push(`${layer}: ${sentence}`);
      },
    });
  }

  /** Runs the model on the data for all layers that this step or a later one asks about, at once. */
  async #observeFor(method: AnyMethod): Promise<void> {
    const looking = this.steps.filter(({ method, options }) => getMethod(method).needsData?.(options));
    const ids = new Set(looking.flatMap(({ layers }) => layers.map(({ id }) => id)));
    const { model, main, layers } = this.now;
    // A method that edits the graph looks at layers that its step does not select.
    const observed = isGraphMethod(method) ? layers : layers.filter(({ id }) => ids.has(id));
    const onProgress = ({ label }: Progress) => this.tell(label);
    await this.calibration?.collect(model, main, observed, { signal: this.context.signal, onProgress });
  }

  /** The one place where results are kept. Each layer gets its key after this step. */
  async #memoryFor(
    selected: readonly LayerProgress[],
    method: Method,
    options: unknown,
  ): Promise<LayerMemory | undefined> {
    const { kept } = this.context;
    if (!kept) return undefined;
    const works = selected.filter(({ layer }) => layer.compressible);
    const before: string[] = [];
    for (const { key, weight, layer, normShare } of works)
      before.push(key ?? (await this.#keys.ofWeight(weight, layer.op, normShare)));
    const isShared = method.shares?.(options) ?? false;
    const looksAtData = method.needsData?.(options) ?? false;
    const step = { method: method.name, options: resolvedOptions(method, options) };
    const ids = works.map(({ layer }) => layer.id);
    for (const [at, work] of works.entries()) {
      const keyed = { ...step, ...(isShared && { shared: { by: before, at } }) };
      const inputsOf = isShared ? ids : [work.layer.id];
      const seen = looksAtData ? { inputsOf, ranThrough: this.now.model } : undefined;
      work.key = await this.#keys.afterStep(before[at]!, keyed, seen);
    }
    return { find: ({ key }) => kept.find(key!), keep: ({ key }, result) => kept.keep(key!, result) };
  }
}
