import { withRecovery } from '../backend/recovery';
import { lostRows, relativeDistance } from '../linalg/distance';
import { largestMagnitude } from '../linalg/scaling';
import {
  isSkipped,
  type Method,
  type MethodContext,
  type Outcome,
  type StepContext,
  type Target,
} from '../methods/method';
import { smaller, smallerLeaf } from '../methods/smaller';
import type { Layer } from '../model/layers';
import { roundedToHalf } from '../model/tensors';
import { spilled } from '../operators/dense/dense';
import { BeyondRange, LARGEST } from '../operators/dense/rounding';
import { type Dense, type FloatType, isDense, type Operator } from '../operators/operator';
import { multiplyOn } from '../operators/product';
import type { InputStatistics } from '../operators/statistics';
import { leavesOf, noneReach, rewriteLeaves } from '../operators/tree';
import type { StepReport } from './report';

/** A layer on its way through the steps. */
export interface Work {
  /** In the model as it is now; cutting units replaces it. */
  layer: Layer;
  /** As the steps that rewrite leaves found it. */
  weight: Dense;
  /** Of the layer in the model that was given. */
  readonly before: { readonly bytes: number; readonly parameters: number };
  /** √ of the share of ‖W‖² that cuts left: what is cut away is orthogonal to all that happens to the rest. */
  kept: number;
  operator: Operator;
  steps: StepReport[];
  ms: number;
}

export interface StepInputs {
  /** Statistics of a layer's input, or why there are none. */
  statisticsOf(layer: Layer): InputStatistics | string;
  /** Of the model's standard operators. */
  readonly opset: number;
  /** A layer was begun anew on another device. */
  onRetry(layer: Layer, sentence: string): void;
}

type Call = StepContext & StepInputs;

/** Runs one method on the dense leaves of each layer, one layer after the other; the budget of some is shared by all. */
export async function runStep(works: readonly Work[], method: Method, options: unknown, call: Call): Promise<void> {
  const { backend } = call.factorisations;
  const multiply = multiplyOn(backend, call.signal);
  const compressible = works.filter(({ layer }) => layer.compressible);
  const inputOf = (layer: Layer) => {
    const found = method.needsData?.(options) ? call.statisticsOf(layer) : '';
    return typeof found === 'string' ? { noInput: found } : { input: found, noInput: '' };
  };
  let prepared: unknown;
  if (method.prepare && method.shares?.(options)) {
    // Whatever statistics are made on the way is the GPU's to fail at too.
    prepared = await withRecovery(backend, async () => method.prepare!(await targets(), options, call));
  }
  for (const [done, work] of compressible.entries()) {
    call.signal?.throwIfAborted();
    const started = performance.now();
    const { layer } = work;
    const tell = (share: number) =>
      call.onProgress?.({ done: done + share, total: compressible.length, label: layer.name });
    tell(0);
    const { input, noInput } = inputOf(layer);
    const context: MethodContext = {
      factorisations: call.factorisations,
      seed: call.seed,
      signal: call.signal,
      opset: call.opset,
      op: layer.op,
      noInput,
      prepared,
      onProgress: ({ done: part, total }) => tell(total > 0 ? part / total : 0),
    };
    await withRecovery(
      backend,
      () => stepOn(work, method, options, context, input),
      (sentence) => call.onRetry(layer, sentence),
    );
    work.ms += performance.now() - started;
  }

  async function targets(): Promise<Target[]> {
    const found: Target[] = [];
    for (const { layer, operator } of compressible) {
      call.signal?.throwIfAborted();
      const collect = async (leaf: Dense, input?: InputStatistics) => {
        found.push({ leaf, tree: operator, op: layer.op, ...(input && { input }) });
        return leaf;
      };
      await rewriteLeaves(operator, collect, inputOf(layer).input, multiply);
    }
    return found;
  }
}

async function stepOn(
  work: Work,
  method: Method,
  options: unknown,
  context: MethodContext,
  input: InputStatistics | undefined,
): Promise<void> {
  const { weight, operator: before } = work;
  const multiply = multiplyOn(context.factorisations.backend, context.signal);
  let reason: string | undefined;
  let predicted: number | undefined;
  let weighed = false;
  const rewritten = await rewriteLeaves(
    before,
    async (leaf, inputOfLeaf) => {
      const noInput = context.noInput || noneReach(before);
      const outcome = await orLeft(() => method.apply(leaf, options, { ...context, input: inputOfLeaf, noInput }));
      if (isSkipped(outcome)) {
        reason = outcome.skipped;
        return leaf;
      }
      weighed ||= outcome.weighed === true;
      const found = outcome.weighed ? outcome.operator : smallerLeaf(outcome.operator, leaf, before, context);
      if (isSkipped(found)) {
        reason = found.skipped;
        return leaf;
      }
      predicted = outcome.predicted;
      return found;
    },
    input,
    multiply,
  );
  if (leavesOf(before).length === 0) reason = `nothing is left to rewrite: it is ${before.form} already`;
  // What is one leaf has been weighed as such.
  const settled = rewritten === before || weighed || isDense(before);
  const found = settled ? rewritten : smaller(rewritten, before, context);
  if (found !== rewritten || rewritten === before) {
    work.steps.push(left(work, method.name, isSkipped(found) ? found.skipped : reason));
    return;
  }
  const skipped = reason === undefined ? {} : { skipped: reason };
  context.signal?.throwIfAborted();
  const exact = await weight.toDense();
  const now = await rewritten.toDense(multiply);
  const error = relativeDistance(exact, now, exact);
  const useless = whyUseless(exact, now, error, weight.type);
  if (useless !== undefined) {
    work.steps.push(left(work, method.name, useless));
    return;
  }
  const lostOutputs = lostRows(exact, now, weight.shape[0]!);
  const known = before === weight ? (predicted ?? error) : undefined;
  const added = known ?? relativeDistance(await before.toDense(multiply), now, exact);
  work.operator = await rewriteLeaves(rewritten, spilled);
  const { form, bytes, parameters, multiplyAdds } = rewritten;
  const { kept } = work;
  work.steps.push({
    method: method.name,
    form,
    added: kept * added,
    error: Math.hypot(Math.sqrt(1 - kept ** 2), kept * error),
    bytes,
    parameters,
    multiplyAdds,
    ...(lostOutputs > 0 && { lostOutputs }),
    ...skipped,
  });
}

/** A layer that a method can't be had of, as its numbers would leave the range of their type, is left for that reason. */
async function orLeft(apply: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await apply();
  } catch (error) {
    if (error instanceof BeyondRange) return { skipped: error.message };
    throw error;
  }
}

/** GPTQ at 2 bits errs by 1.2 times the weight, and much less at the output: nothing that is meant so comes near this. */
const USELESS = 10;

/** Why what stands for a weight is of no use, whatever it saves. */
function whyUseless(exact: Float32Array, now: Float32Array, error: number, type: FloatType): string | undefined {
  if (!Number.isFinite(error)) return 'what would stand for its weights is not finite: their numbers are too large';
  // A model that computes in float16 rounds to it what it rebuilds.
  if (!Number.isFinite(type === 'float16' ? roundedToHalf(largestMagnitude(now)) : 0))
    return `what would stand for its weights is larger than ${LARGEST.float16}, where float16 ends`;
  if (error > 0 && now.every((value) => value === 0) && exact.some((value) => value !== 0))
    return 'every one of its weights would become zero: their numbers are too small for this';
  if (error > USELESS)
    return `what would stand for its weights differs from them by ${Math.round(error)} times their size`;
  return undefined;
}

/** The report of a step that left a layer as it was. */
export function left({ steps, operator }: Work, method: string, reason: string | undefined): StepReport {
  const { form, bytes, parameters, multiplyAdds } = operator;
  const error = steps.at(-1)?.error ?? 0;
  const skipped = reason === undefined ? {} : { skipped: reason };
  return { method, form, added: 0, error, bytes, parameters, multiplyAdds, ...skipped };
}
