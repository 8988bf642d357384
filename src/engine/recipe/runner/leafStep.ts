import { withRecovery } from '../../backend/recovery';
import { lostRows, relativeDistance } from '../../linalg/distance';
import type { Method, MethodContext, Outcome, StepContext, Target } from '../../methods/method';
import type { Layer } from '../../model/layers';
import { spilled } from '../../operators/dense/dense';
import { BeyondRange } from '../../operators/dense/rounding';
import type { Dense, Operator } from '../../operators/operator';
import { type Multiply, multiplyOn } from '../../operators/product';
import type { InputStatistics } from '../../operators/statistics';
import { noneReach, rewriteLeaves } from '../../operators/tree';
import type { StepReport } from '../report';
import { decideByValues } from './decision';
import type { KeptResult } from './keptResults';
import { type LayerProgress, skippedReport } from './layerProgress';
import { missedSize } from './missedSize';
import { whyUseless } from './whyUseless';

/** Where results of single layers are kept under the layer's key after this step. */
export interface LayerMemory {
  find(layer: LayerProgress): Promise<KeptResult | undefined>;
  keep(layer: LayerProgress, result: KeptResult): Promise<void>;
}

export interface LeafStepCall extends StepContext {
  /** Of the model's standard operators. */
  readonly opset: number;
  /** Statistics of a layer's input, or why there are none. */
  statisticsOf(layer: Layer): InputStatistics | string;
  /** The GPU failed, and the layer is begun again. */
  onRetry?(layer: Layer, sentence: string): void;
  readonly memory?: LayerMemory | undefined;
}

/** Runs one method on the dense leaves of each layer, one layer after the other; some methods share a budget among all. */
export async function runLeafStep(
  selected: readonly LayerProgress[],
  method: Method,
  options: unknown,
  call: LeafStepCall,
): Promise<void> {
  const layers = selected.filter(({ layer }) => layer.compressible);
  // A layer that was cut may have become too small.
  for (const progress of selected)
    if (!progress.layer.compressible) progress.steps.push(skippedReport(progress, method.name, progress.layer.reason));
  const inputOf = (layer: Layer) => {
    const found = method.needsData?.(options) ? call.statisticsOf(layer) : '';
    return typeof found === 'string' ? { noInput: found } : { input: found, noInput: '' };
  };
  const known = await knownResults(layers, call);
  const prepared = known.size < layers.length ? await prepare(layers, method, options, inputOf, call) : undefined;
  for (const [done, progress] of layers.entries()) {
    call.signal?.throwIfAborted();
    const { layer } = progress;
    const tell = (share: number) => call.onProgress?.({ done: done + share, total: layers.length, label: layer.name });
    tell(0);
    const result = known.get(progress) ?? (await computed());
    if (result.operator) progress.operator = result.operator;
    progress.steps.push(result.report);
    progress.ms += result.ms;

    async function computed(): Promise<KeptResult> {
      const started = performance.now();
      const { factorisations, seed, signal, opset } = call;
      const { input, noInput } = inputOf(layer);
      const onProgress = ({ done: part, total }: { done: number; total: number }) => tell(total > 0 ? part / total : 0);
      const context = { factorisations, seed, signal, opset, op: layer.op, noInput, prepared, onProgress };
      const made = await withRecovery(
        factorisations.backend,
        () => stepOn(progress, method, options, context, input),
        (sentence) => call.onRetry?.(layer, sentence),
      );
      const fresh = { ...made, ms: performance.now() - started };
      await call.memory?.keep(progress, fresh);
      return fresh;
    }
  }
}

/** What is kept of layers on which this step has been finished before. */
async function knownResults(layers: readonly LayerProgress[], { memory, signal }: LeafStepCall) {
  const known = new Map<LayerProgress, KeptResult>();
  for (const progress of memory ? layers : []) {
    signal?.throwIfAborted();
    const found = await memory!.find(progress);
    if (found) known.set(progress, found);
  }
  return known;
}

/** What a method finds out about all layers together, where they share a budget. */
async function prepare(
  layers: readonly LayerProgress[],
  method: Method,
  options: unknown,
  inputOf: (layer: Layer) => { readonly input?: InputStatistics },
  call: LeafStepCall,
): Promise<unknown> {
  if (!method.prepare || !method.shares?.(options)) return undefined;
  const { backend } = call.factorisations;
  const multiply = multiplyOn(backend, call.signal);
  // The GPU may fail while statistics are made, too.
  return withRecovery(backend, async () => {
    const targets: Target[] = [];
    for (const { layer, operator } of layers) {
      call.signal?.throwIfAborted();
      for (const [leaf, input] of await inputsOfLeaves(operator, inputOf(layer).input, multiply))
        targets.push({ leaf, tree: operator, op: layer.op, ...(input && { input }) });
    }
    return method.prepare!(targets, options, call);
  });
}

/** Each leaf with statistics of what it is applied to, where they are known. */
async function inputsOfLeaves(operator: Operator, input: InputStatistics | undefined, multiply: Multiply) {
  const inputs = new Map<Dense, InputStatistics | undefined>();
  const note = async (leaf: Dense, inputOfLeaf?: InputStatistics) => {
    inputs.set(leaf, inputOfLeaf);
    return leaf;
  };
  await rewriteLeaves(operator, note, input, multiply);
  return inputs;
}

async function stepOn(
  progress: LayerProgress,
  method: Method,
  options: unknown,
  context: MethodContext,
  input: InputStatistics | undefined,
): Promise<Omit<KeptResult, 'ms'>> {
  const { weight, operator: before, normShare } = progress;
  const multiply = multiplyOn(context.factorisations.backend, context.signal);
  const inputs = await inputsOfLeaves(before, input, multiply);
  const noInput = context.noInput || noneReach(before);
  const decision = await decideByValues(
    {
      before,
      isOwnWeight: before === weight,
      method,
      options,
      consumer: { op: context.op, opset: context.opset, type: weight.type },
      ...(input === undefined && { noInput: context.noInput }),
    },
    {
      leaf: (leaf) => applied(method, leaf, options, { ...context, noInput, input: inputs.get(leaf) }),
      tree: (replaced) => rewriteLeaves(before, async (leaf) => replaced.get(leaf) ?? leaf, undefined, multiply),
    },
  );
  const left = (reason: string | undefined) => ({ report: skippedReport(progress, method.name, reason) });
  if (decision.kind === 'unknown')
    throw new Error(`${method.name} did not say what it makes of ${progress.layer.name}.`);
  if (decision.kind === 'unchanged') return left(decision.skipped);
  context.signal?.throwIfAborted();
  const { operator, outcomes, skipped } = decision;
  const exact = await weight.toDense();
  const now = await operator.toDense(multiply);
  const error = relativeDistance(exact, now, exact);
  const useless = whyUseless(exact, now, error, weight.type);
  if (useless !== undefined) return left(useless);
  const lostOutputs = lostRows(exact, now, weight.shape[0]!);
  const outcome = before === weight ? outcomes.get(weight) : undefined;
  const predicted = typeof outcome === 'object' && 'predicted' in outcome ? outcome.predicted : undefined;
  const added = predicted ?? (before === weight ? error : relativeDistance(await before.toDense(multiply), now, exact));
  const { form, bytes, parameters, multiplyAdds } = operator;
  // Of a budget that layers share, one of them may take more than its part.
  const missed = method.shares?.(options) ? undefined : missedSize(before, operator, options);
  const report: StepReport = {
    method: method.name,
    form,
    added: normShare * added,
    error: Math.hypot(Math.sqrt(1 - normShare ** 2), normShare * error),
    bytes,
    parameters,
    multiplyAdds,
    ...(lostOutputs > 0 && { lostOutputs }),
    ...(skipped !== undefined && { skipped }),
    ...(missed && { missedSize: missed }),
  };
  return { operator: await rewriteLeaves(operator, spilled), report };
}

/** What the method makes of a leaf; a leaf whose numbers would leave the range of their type stays as it is. */
async function applied(method: Method, leaf: Dense, options: unknown, context: MethodContext): Promise<Outcome> {
  try {
    return await method.apply(leaf, options, context);
  } catch (error) {
    if (error instanceof BeyondRange) return { skipped: error.message };
    throw error;
  }
}
