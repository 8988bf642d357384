import type { PlanContext } from '../methods/method';
import { getMethod } from '../methods/registry';
import type { LayerSpectrum, TrainSpectrum } from '../methods/report';
import { plannedDense } from '../operators/dense/dense';
import type { Dense, FloatType, Operator } from '../operators/operator';
import { percent } from '../operators/percent';
import { hasEstimates, leavesOf, mapLeaves } from '../operators/tree';
import { decideNow, plannedOutcome, type StepToDecide } from './runner/decision';
import { missedSize } from './runner/missedSize';

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
  /** Its sizes are only near those that it will have, and so are those of the steps after it. */
  readonly estimated?: true;
  /** Why the step would leave the layer, or parts of it, as it was. */
  readonly skipped?: string;
  /** ‖Ŵ before − Ŵ after‖/‖W‖ that this step adds, where it is known beforehand. */
  readonly added: number | undefined;
  /** "Will it help here?", in sentences. */
  readonly advice: readonly string[];
}

/**
 * What a stack of steps will make of one layer, from sizes (and its spectrum) alone: the same decisions as a run takes,
 * without values. Pure and fast, for sliders. Sizes after a step of unknown size are unknown too.
 */
export function planStack(layer: PlannedLayer, steps: readonly StackStep[]): PlannedStep[] {
  const weight = plannedDense(layer.shape, layer.type);
  let operator: Operator | undefined = weight;
  let estimated = false;
  return steps.map(({ method: name, options }) => {
    if (!operator) return { method: name, operator, added: undefined, advice: [] };
    const method = getMethod(name);
    const before: Operator = operator;
    const contextOf = (leaf: Dense): PlanContext => ({
      opset: layer.opset,
      op: layer.op,
      ...(leaf === weight && { spectrum: layer.spectrum, train: layer.train }),
    });
    const { isEstimated, ...step } = planStep(
      { before, isOwnWeight: before === weight, method, options, ...layer, consumer: layer },
      contextOf,
    );
    operator = step.operator;
    estimated ||= isEstimated;
    const largest = leavesOf(before).reduce<Dense | undefined>(
      (most, leaf) => (most && most.parameters >= leaf.parameters ? most : leaf),
      undefined,
    );
    const fromMethod = largest ? (method.advice?.(largest, options, contextOf(largest)) ?? []) : [];
    const advice = [...sizeNotReached(before, operator, options), ...fromMethod];
    return { method: name, ...step, ...(estimated && { estimated }), advice };
  });
}

function planStep(
  step: StepToDecide,
  contextOf: (leaf: Dense) => PlanContext,
): Pick<PlannedStep, 'operator' | 'added' | 'skipped'> & { readonly isEstimated: boolean } {
  const { before, method, options } = step;
  let isEstimated = false;
  const decision = decideNow(step, {
    leaf(leaf) {
      const outcome = plannedOutcome(method, leaf, options, contextOf(leaf));
      isEstimated ||= method.estimates?.(leaf, options, contextOf(leaf)) ?? false;
      if (typeof outcome === 'object' && 'operator' in outcome) isEstimated ||= hasEstimates(outcome.operator);
      return outcome;
    },
    tree: (replaced) => mapLeaves(before, (leaf) => replaced.get(leaf) ?? leaf),
  });
  switch (decision.kind) {
    case 'unknown':
      return { operator: undefined, added: undefined, isEstimated };
    case 'unchanged':
      return {
        operator: before,
        added: 0,
        isEstimated,
        ...(decision.skipped !== undefined && { skipped: decision.skipped }),
      };
    case 'rewritten': {
      const { operator, outcomes, skipped } = decision;
      const parts = [...outcomes.keys()].map((leaf) => method.predict?.(leaf, options, contextOf(leaf)));
      const added = parts.includes(undefined) ? undefined : Math.hypot(...(parts as number[]));
      return { operator, added, isEstimated, ...(skipped !== undefined && { skipped }) };
    }
  }
}

/** Says so where a step cannot come down to the size that it was asked for. */
function sizeNotReached(before: Operator, after: Operator | undefined, options: unknown): string[] {
  const missed = missedSize(before, after, options);
  if (!missed) return [];
  const [asked, least] = [missed.asked, missed.reached].map(percent);
  return [`It can't come to ${asked} of its bytes. Smallest possible: ${after!.form}, ${least} of the bytes.`];
}
