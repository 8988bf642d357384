import { type AnyMethod, isGraphMethod, isSkipped, type PlanContext } from '../methods/method';
import { getMethod } from '../methods/registry';
import type { LayerSpectrum, TrainSpectrum } from '../methods/report';
import { smaller, smallerLeaf } from '../methods/smaller';
import { plannedDense } from '../operators/dense/dense';
import { type Dense, type FloatType, isDense, type Operator } from '../operators/operator';
import { percent } from '../operators/percent';
import { hasEstimates, leavesOf, mapLeaves, noneReach, unseenLeaves } from '../operators/tree';

/** A method with checked options: a step of one layer's stack. */
export interface StackStep {
  readonly method: string;
  readonly options: unknown;
}

/** What a stack is planned for. */
export interface PlannedLayer {
  readonly shape: readonly number[];
  readonly type: FloatType;
  readonly op: string;
  /** Of the model's standard operators. */
  readonly opset: number;
  /** Of the layer's weight, where it has been measured. */
  readonly spectrum?: LayerSpectrum | undefined;
  readonly train?: TrainSpectrum | undefined;
  /** Why nothing shows what it is applied to, where that is so. */
  readonly noInput?: string | undefined;
}

export interface PlannedStep {
  readonly method: string;
  /** What the layer is after the step, without values; undefined where its size follows from what only running finds. */
  readonly operator: Operator | undefined;
  /** Its sizes are near those that it will have, no more; so are those of the steps after it. */
  readonly estimated?: true;
  /** Why the step would leave the layer, or parts of it, as it was. */
  readonly skipped?: string;
  /** ‖Ŵ before − Ŵ after‖/‖W‖ that this step adds, where it is known beforehand. */
  readonly added: number | undefined;
  /** "Will it help here?", in sentences. */
  readonly advice: readonly string[];
}

/**
 * What a stack of steps will make of one layer, from sizes (and its spectrum) alone: the same steps as `runStep` takes,
 * without values. Pure and fast, for sliders. Sizes after a step of unknown size are unknown too.
 */
export function planStack(layer: PlannedLayer, steps: readonly StackStep[]): PlannedStep[] {
  let operator: Operator | undefined = plannedDense(layer.shape, layer.type);
  const whole = operator;
  let estimated = false;
  return steps.map(({ method: name, options }) => {
    const method = getMethod(name);
    if (!operator) return { method: name, operator, added: undefined, advice: [] };
    const before: Operator = operator;
    const contextOf = (leaf: Dense): PlanContext => ({
      opset: layer.opset,
      op: layer.op,
      ...(leaf === whole && { spectrum: layer.spectrum, train: layer.train }),
    });
    const step = planStep(before, method, options, layer, contextOf);
    operator = step.operator;
    estimated ||=
      operator !== before &&
      ((operator !== undefined && hasEstimates(operator)) ||
        leavesOf(before).some((leaf) => method.estimates?.(leaf, options, contextOf(leaf))));
    const largest = leavesOf(before).reduce<Dense | undefined>(
      (most, leaf) => (most && most.parameters >= leaf.parameters ? most : leaf),
      undefined,
    );
    const said = largest ? (method.advice?.(largest, options, contextOf(largest)) ?? []) : [];
    const advice = [...unmet(before, operator, options), ...said];
    return { method: name, ...step, ...(estimated && { estimated }), advice };
  });
}

function planStep(
  before: Operator,
  method: AnyMethod,
  options: unknown,
  consumer: PlannedLayer,
  contextOf: (leaf: Dense) => PlanContext,
): Omit<PlannedStep, 'method' | 'advice'> {
  if (isGraphMethod(method) && !isDense(before))
    return { operator: before, skipped: `was rewritten by a step before; put ${method.name} first`, added: 0 };
  let skipped: string | undefined;
  let unknown = false;
  let squares: number | undefined = 0;
  const looks = !isGraphMethod(method) && (method.needsData?.(options) ?? false);
  const unseen =
    looks && consumer.noInput ? { skipped: `needs statistics of its input, and ${consumer.noInput}` } : undefined;
  const blind = { skipped: `needs statistics of its inputs, and ${noneReach(before)}` };
  const unseenHere = new Set(looks ? unseenLeaves(before) : []);
  const after = mapLeaves(before, (leaf) => {
    const context = contextOf(leaf);
    const outcome = unseen ?? (unseenHere.has(leaf) ? blind : method.plan(leaf, options, context));
    if (outcome === 'unknown') {
      unknown = true;
      return leaf;
    }
    const smallest = isSkipped(outcome) ? outcome : smallerLeaf(outcome, leaf, before, consumer);
    if (isSkipped(smallest)) {
      skipped = smallest.skipped;
      return leaf;
    }
    const added = method.predict?.(leaf, options, context);
    squares = squares === undefined || added === undefined ? undefined : squares + added ** 2;
    return smallest;
  });
  if (unknown) return { operator: undefined, added: undefined };
  if (leavesOf(before).length === 0) skipped = `nothing is left to rewrite: it is ${before.form} already`;
  // What is one leaf has been weighed as such.
  const found = after === before || isDense(before) ? after : smaller(after, before, consumer);
  if (isSkipped(found)) return { operator: before, skipped: found.skipped, added: 0 };
  return {
    operator: after,
    added: squares === undefined ? undefined : Math.sqrt(squares),
    ...(skipped !== undefined && { skipped }),
  };
}

/** That a step can't come down to the size it was asked for. */
function unmet(before: Operator, after: Operator | undefined, options: unknown): string[] {
  const { size } = options as { size?: number };
  if (size === undefined || !after || after === before || after.bytes <= 1.01 * size * before.bytes) return [];
  const [asked, least] = [size, after.bytes / before.bytes].map(percent);
  return [`It can't come to ${asked} of its bytes: ${after.form}, the least there is, stores ${least}.`];
}
