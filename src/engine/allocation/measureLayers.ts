import { getMethod } from '../methods/registry';
import type { Layer } from '../model/layers';
import { opsetOf } from '../model/model';
import { graphOverheadBytes } from '../operators/export/graphOverhead';
import type { FloatType, Operator } from '../operators/operator';
import { planStack } from '../recipe/plan';
import { effortOf, optionOf, spreadOf, worthMeasuring } from './options';
import { CELLS, type SearchState } from './searchState';
import { type Stack, stacksFor } from './stacks';

/** Shares of the time after which the stages end. */
export const OPTIONS_END = 0.4;
const SENSITIVITIES_END = 0.65;
/** A layer of a small file is stored in at most so many times the share that the file may have, and at least in a part of it. */
const REACH = { most: 3.5, least: 1 / 8, always: 0.1 };

/**
 * The fewest bytes that any assignment can have, from plans alone: nothing is made. Layers of which a stack's size is not
 * known beforehand are left out of that stack.
 */
export function smallestPlanned({ layers, sizes, context, settings }: SearchState): number {
  const opset = opsetOf(context.given.model);
  const stacks = stacksFor(context.calibration !== undefined, settings.methods);
  return layers.reduce((sum, { layer }) => {
    const type = layer.dtype as FloatType;
    const planned = stacks.flatMap((stack) => {
      const operator = plannedOf(layer, stack, opset);
      return operator ? [operator.bytes + graphOverheadBytes(operator, { op: layer.op, opset, type })] : [];
    });
    return sum + Math.min(layer.bytes, ...planned);
  }, sizes.least);
}

/** What a stack makes of a layer, without values; undefined where its size is not known beforehand. */
function plannedOf({ shape, op, dtype }: Layer, { blind }: Stack, opset: number): Operator | undefined {
  const steps = blind.map(({ method, options }) => ({ method, options: getMethod(method).options.parse(options) }));
  return planStack({ shape, op, opset, type: dtype as FloatType }, steps).at(-1)?.operator;
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
  const opset = opsetOf(context.given.model);
  if (forSpeed && !Number.isFinite(limit)) {
    return stacks.filter((stack) =>
      layers.some(({ layer }) => {
        const operator = plannedOf(layer, stack, opset);
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
  const planned = (stack: Stack) =>
    layers.reduce(
      (sum, { layer }) => sum + Math.min(layer.bytes, plannedOf(layer, stack, opset)?.bytes ?? layer.bytes),
      0,
    );
  const totals = near.map(planned);
  const smallest = near[totals.indexOf(Math.min(...totals))]!;
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
