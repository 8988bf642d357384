import {
  type Aim,
  type CompressReport,
  DEFAULT_EXPORT,
  type FloatType,
  type LayerReport,
  type Mode,
  type Operator,
} from '../engine/page/light';
import { exportedMultiplyAdds, graphOverheadBytes, isDense, kindOfOperator } from '../engine/page/planning';
import { isEstimated, type Known, operatorAfter, planOf, predictedError } from './cost';
import { stackKey, stackOf } from './state/recipe';
import type { Stack } from './store';

export interface TotalCost {
  readonly before: Sizes;
  /** Layers of unknown cost count as unchanged. */
  readonly after: Sizes;
  /** About how many bytes the graph nodes of the compressed layers take. */
  readonly graph: number;
  /** Some of the sizes are estimates. */
  readonly estimated: boolean;
  /** The largest known error among the layers that would change. */
  readonly worst: { readonly layer: LayerReport; readonly error: number; readonly measured: boolean } | undefined;
  /** How many layers that would change have a known error, and how many of these are above `HEAVY_ERROR`. */
  readonly errors: number;
  readonly heavy: number;
  /** The distinct forms that the layers would have, by description. */
  readonly forms: ReadonlyMap<string, Operator>;
  /** How many layers no step would change, and the reason of the first of them that has one. */
  readonly skipped: number;
  readonly left: { readonly layer: LayerReport; readonly reason: string } | undefined;
  /** How many layers the last counted step leaves as the earlier steps made them, and the reason of the first. */
  readonly idle: number;
  readonly idled: { readonly layer: LayerReport; readonly reason: string } | undefined;
  readonly unknown: number;
}

/** `multiplyAdds` for one token, or one position of each convolution's output at stride 1, as the exported model computes. */
export interface Sizes {
  readonly bytes: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** With a weight error above half of its norm a model seldom works. */
export const HEAVY_ERROR = 0.5;

/** What plans depend on: the open model, what was measured of it, and its stacks. */
export interface Plans extends Known {
  readonly stacks: ReadonlyMap<string, Stack>;
  /** What the export is best at; by default speed. */
  readonly aim?: Aim | undefined;
  /** A layer's error after the first steps of its stack, where a run has measured it. */
  measured?(layer: LayerReport, stack: Stack, count: number): number | undefined;
}

/** A layer's error after the first steps of its stack, where the run applied the same steps to it. */
export function measuredBy(
  { layers, skipped }: Pick<CompressReport, 'layers' | 'skipped'>,
  ran: ReadonlyMap<string, Stack>,
): NonNullable<Plans['measured']> {
  return ({ id, name }: LayerReport, stack: Stack, count: number) => {
    const did = ran.get(id)?.slice(0, count);
    if (!did || did.length < count || stackKey(did) !== stackKey(stack.slice(0, count))) return undefined;
    const found = layers.filter((layer) => layer.name === name);
    // Two weights of one node share its name.
    if (found.length > 1) return undefined;
    return found[0]?.steps[count - 1]?.error ?? (skipped.some((layer) => layer.name === name) ? 0 : undefined);
  };
}

/** Several layers under their stacks, or under the first `count` steps of them. */
export function totalCost(layers: readonly LayerReport[], plans: Plans, count = Number.POSITIVE_INFINITY): TotalCost {
  const { stacks, aim = DEFAULT_EXPORT.aim } = plans;
  const before = { bytes: 0, parameters: 0, multiplyAdds: 0 };
  const after = { bytes: 0, parameters: 0, multiplyAdds: 0 };
  const forms = new Map<string, Operator>();
  let worst: TotalCost['worst'];
  let [errors, heavy, skipped, idle, unknown] = [0, 0, 0, 0, 0];
  let idled: TotalCost['idled'];
  let left: TotalCost['left'];
  let [estimated, graph] = [false, 0];
  for (const layer of layers) {
    const { bytes, parameters } = layer;
    const dense = { bytes, parameters, multiplyAdds: parameters };
    const stack = stackOf(stacks, layer.id);
    const plan = planOf(layer, plans, stack);
    const operator = operatorAfter(plan, count);
    add(before, dense);
    const { bytes: stored, parameters: kept } = operator ?? dense;
    const multiplyAdds = operator ? exportedMultiplyAdds(operator, modeOf(layer), { aim }) : parameters;
    add(after, { bytes: stored, parameters: kept, multiplyAdds });
    if (!operator) unknown++;
    if (operator?.bytes === bytes) {
      skipped++;
      const reason = plan.steps.slice(0, count).find((step) => step.skipped !== undefined)?.skipped;
      if (reason !== undefined) left ??= { layer, reason };
      continue;
    }
    const last = plan.steps[count - 1];
    if (operator && last?.skipped !== undefined && last.operator === plan.steps[count - 2]?.operator) {
      idle++;
      idled ??= { layer, reason: last.skipped };
    }
    if (operator) {
      graph += graphBytes(layer, operator, plans.opset, aim);
      estimated ||= isEstimated(plan, count);
      const cut = isDense(operator) && operator.parameters < parameters;
      forms.set(cut ? `cut to ${operator.shape.join('×')}` : operator.form, operator);
    }
    const found = plans.measured?.(layer, stack, Math.min(count, stack.length));
    const error = found ?? predictedError(plan, count);
    if (error === undefined) continue;
    errors++;
    if (!worst || error > worst.error) worst = { layer, error, measured: found !== undefined };
    if (error > HEAVY_ERROR) heavy++;
  }
  return {
    before,
    after,
    graph,
    estimated,
    worst,
    errors,
    heavy,
    forms,
    skipped,
    left,
    idle,
    idled,
    unknown,
  };
}

const counted = new Map<string, number>();

/**
 * Bytes of the graph nodes of a compressed layer. They are counted once for layers of a kind: sizes change them by a
 * few bytes, and a slider asks for all layers of a model at once.
 */
export function graphBytes({ op, dtype }: LayerReport, operator: Operator, opset: number, aim: Aim): number {
  const key = JSON.stringify([skeleton(operator), op, dtype, opset, aim]);
  const known =
    counted.get(key) ?? graphOverheadBytes(operator, { op, opset, type: dtype as FloatType, choice: { aim } });
  counted.set(key, known);
  return known;
}

function skeleton({ kind, form, shape, children }: Operator): string {
  return children.length > 0 ? `${kind}${shape.length}(${children.map(skeleton)})` : `${form}${shape.length}`;
}

/** How the layer meets its input, as far as its report says. A matrix on the left counts as one on the right. */
function modeOf({ op, grouped }: LayerReport): Mode {
  const kind = kindOfOperator(op);
  if (kind === 'conv') return grouped ? 'convGrouped' : 'conv';
  return kind === 'gather' ? 'gather' : 'rows';
}

/**
 * The best layer for a trial of the steps in view. Among the layers with the same stack as the first: the first that
 * every step changes, else the first that the step in view changes. Else the first of all.
 */
export function layerToTry(layers: readonly LayerReport[], plans: Plans, index: number): LayerReport {
  const key = stackKey(stackOf(plans.stacks, layers[0].id));
  const alike = layers.filter(({ id }) => stackKey(stackOf(plans.stacks, id)) === key);
  const stepsOf = (layer: LayerReport) => planOf(layer, plans, stackOf(plans.stacks, layer.id)).steps;
  return (
    alike.find((layer) => stepsOf(layer).every(({ skipped }) => skipped === undefined)) ??
    alike.find((layer) => stepsOf(layer)[index]?.skipped === undefined) ??
    layers[0]
  );
}

function add(sum: { bytes: number; parameters: number; multiplyAdds: number }, part: Sizes): void {
  sum.bytes += part.bytes;
  sum.parameters += part.parameters;
  sum.multiplyAdds += part.multiplyAdds;
}
