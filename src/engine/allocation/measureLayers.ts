import { getMethod } from '../methods/registry';
import type { Layer, ModelLayers } from '../model/layers';
import { opsetOf } from '../model/model';
import { graphOverheadBytes } from '../operators/export/graphOverhead';
import type { FloatType, Operator } from '../operators/operator';
import { isLeft, plannedOf } from '../recipe/candidate';
import { planStack } from '../recipe/plan';
import { effortOf, optionOf, spreadOf, worthMeasuring } from './options';
import { CELLS, type SearchState } from './searchState';
import { type Stack, stacksFor } from './stacks';

/** Shares of the time after which the stages end. */
export const OPTIONS_END = 0.4;
const SENSITIVITIES_END = 0.65;
/** A layer of a small file is stored in at most so many times the share that the file may have, and at least in a part of it. */
const REACH = { most: 3.5, least: 1 / 8, always: 0.1 };

/** The smallest stack of each line: plans of all take seconds. */
function smallestOf(stacks: readonly Stack[]): Stack[] {
  const byLine = new Map<string, Stack>();
  for (const stack of stacks) {
    const known = byLine.get(stack.line);
    if (!known || stack.size < known.size) byLine.set(stack.line, stack);
  }
  return [...byLine.values()];
}

/**
 * About the fewest bytes that any assignment can have, from plans of the smallest stack of each line: nothing is made. A
 * layer whose size is not known beforehand counts as it is.
 */
export function smallestPlanned({ layers, sizes, context, settings }: SearchState): number {
  const { given } = context;
  const stacks = smallestOf(stacksFor(context.calibration !== undefined, settings.methods));
  const least = ({ layer }: SearchState['layers'][number]) =>
    Math.min(layer.bytes, ...stacks.map((stack) => plannedBytes(given, layer, stack)));
  return layers.reduce((sum, one) => sum + least(one), sizes.least);
}

/** Bytes of a layer in the file that a stack makes, nodes included; those of the layer as it is where they are not known. */
function plannedBytes(given: ModelLayers, layer: Layer, stack: Stack): number {
  const operator = plannedBy(given, layer, stack);
  if (!operator) return layer.bytes;
  const consumer = { op: layer.op, opset: opsetOf(given.model), type: layer.dtype as FloatType };
  return Math.min(layer.bytes, operator.bytes + graphOverheadBytes(operator, consumer));
}

/**
 * What a stack makes of a layer, without values; undefined where its size is not known beforehand, or where a step would
 * leave the layer: then it is not the stack that was meant.
 */
function plannedBy(given: ModelLayers, layer: Layer, { blind }: Stack): Operator | undefined {
  const steps = blind.map(({ method, options }) => ({ method, options: getMethod(method).options.parse(options) }));
  const planned = planStack(plannedOf(given, layer), steps);
  return planned.some(isLeft) ? undefined : planned.at(-1)?.operator;
}

/** Makes every layer by one stack after the other, and runs each recipe that stores all layers alike. */
export async function makeOptions(state: SearchState): Promise<void> {
  const { layers, context, clock } = state;
  const { given, calibration, signal } = context;
  if (calibration) {
    const all = layers.map(({ layer }) => layer);
    await calibration.collect(given.model, given.main, all, context);
  }
  const stacks = inReach(state);
  for (const [at, stack] of stacks.entries()) {
    if (clock.isPast(OPTIONS_END)) break;
    const assignment: number[] = [];
    for (const [i, { layer, options }] of layers.entries()) {
      signal?.throwIfAborted();
      state.progress('options', (at + i / layers.length) / stacks.length, uniformTitle(stack));
      const made = await optionOf(given, layer, stack, context);
      assignment.push(made ? options.push(made) - 1 : 0);
    }
    if (assignment.some((option) => option !== 0)) await state.score(assignment, 'uniform', uniformTitle(stack));
  }
}

/**
 * The stacks that layers of a file within the goal's limit may be stored by. The smallest comes first, so that a file
 * within the limit can be made soon, and then those that are nearest to the share of their bytes that layers may take.
 */
function inReach({ layers, limit, sizes, board, settings, context }: SearchState): Stack[] {
  const forSpeed = board.goal.maxLatency !== undefined;
  const stacks = stacksFor(context.calibration !== undefined, settings.methods, forSpeed);
  // Codes that are rebuilt on loading save no time.
  const { given } = context;
  if (forSpeed && !Number.isFinite(limit)) {
    return stacks.filter((stack) =>
      layers.some(({ layer }) => {
        const operator = plannedBy(given, layer, stack);
        return operator && effortOf(layer, operator) < layer.parameters;
      }),
    );
  }
  const share = sizes.layerBudget(limit) / layers.reduce((sum, { layer }) => sum + layer.bytes, 0);
  if (!(share > 0 && share < 1)) return stacks;
  const near = stacks
    .filter(({ size }) => size < Math.max(REACH.most * share, REACH.always) && size > REACH.least * share)
    .sort((a, b) => Math.abs(Math.log(a.size / share)) - Math.abs(Math.log(b.size / share)));
  if (near.length === 0) return stacks;
  const planned = (stack: Stack) => layers.reduce((sum, { layer }) => sum + plannedBytes(given, layer, stack), 0);
  const few = smallestOf(near);
  const totals = few.map(planned);
  const smallest = few[totals.indexOf(Math.min(...totals))]!;
  return [smallest, ...near.filter((stack) => stack !== smallest)];
}

const uniformTitle = ({ line, title }: Stack): string => `${line}: ${title}, all layers`;

/** Measures what single layers cost, a few options of each, those that differ most first. */
export async function measureSensitivities(state: SearchState): Promise<void> {
  const { layers, evaluator, board, clock, costs, context } = state;
  const cells = layers.map(({ options }, layer) =>
    spreadOf(worthMeasuring(options), CELLS).map((option) => ({ layer, option })),
  );
  const order = Array.from({ length: CELLS }, (_, i) => cells.flatMap((own) => own[i] ?? [])).flat();
  const batches = Math.ceil(evaluator.batches / 2);
  const none = layers.map(() => 0);
  for (const [at, { layer, option }] of order.entries()) {
    if (clock.isPast(SENSITIVITIES_END)) break;
    state.progress('sensitivities', at / order.length, `Measuring ${layers[layer]!.layer.name}`);
    const { energies } = await evaluator.evaluate(state.operatorsOf(none.with(layer, option)), batches, context);
    costs.set(layer, option, energies.at(-1)!);
    board.tell({ evaluations: evaluator.evaluations });
  }
}
