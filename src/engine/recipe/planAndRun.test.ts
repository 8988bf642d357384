import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { seeded } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { methods } from '../methods/registry';
import { weightOf } from '../operators/weight';
import { type PlannedStep, planStack, type StackStep } from './plan';
import { randomStack, type TestModel, testModels } from './randomStacks.fixtures';
import type { StepReport } from './report';
import { Runner } from './runner/runner';
import { spectrumOf } from './spectra';

/** `CARRARA_STACKS=10000 npx vitest run --project node src/engine/recipe/planAndRun.test.ts` tries more. */
const STACKS = Number(process.env.CARRARA_STACKS ?? 1000);
const EACH = 500;

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());

const models = await testModels(66, 1);

/** What was compared, over all stacks. */
const counts = { exact: 0, near: 0, unknown: 0, flips: 0, steps: new Map<string, number>() };

describe(`plan and run of ${STACKS} random stacks agree in form, bytes and reason`, () => {
  it.each(Array.from({ length: Math.ceil(STACKS / EACH) }, (_, i) => i * EACH))(
    'from seed %i on',
    async (first) => {
      for (let seed = first; seed < Math.min(STACKS, first + EACH); seed++) await compared(seed);
    },
    600_000,
  );

  it('and most of them say something', () => {
    for (const { name } of methods) expect(counts.steps.get(name) ?? 0, name).toBeGreaterThan(STACKS / 50);
    expect(counts.exact).toBeGreaterThan(STACKS);
    expect(counts.near).toBeGreaterThan(STACKS / 4);
    expect(counts.unknown).toBeGreaterThan(STACKS / 10);
    expect(counts.flips).toBeLessThan(0.02 * counts.near);
  });
});

async function compared(seed: number): Promise<void> {
  const random = seeded(seed);
  const model = models[random.below(models.length)]!;
  const { given, layer, planned, calibration } = model;
  const stack = randomStack(random);
  const factorisations = new Factorisations(backend);
  const spectrum = random.uniform() < 0.3 ? await spectrumIn(model, factorisations) : undefined;
  const plan = planStack({ ...planned, spectrum }, stack);
  const steps = stack.map((step) => ({ kind: 'method' as const, ...step, layers: [layer] }));
  const context = { factorisations, seed: 0, calibration, noCalibration: 'no data is open' };
  const runner = new Runner(given, steps, context);
  await runner.runAll();
  const { steps: ran, before } = runner.layer(layer.id);
  const place = `seed ${seed}: ${layer.op} ${layer.shape} ${layer.dtype}, opset ${planned.opset}; ${JSON.stringify(stack)}`;
  expect(ran, place).toHaveLength(stack.length);
  for (const [i, { method }] of stack.entries()) {
    counts.steps.set(method, (counts.steps.get(method) ?? 0) + 1);
    const step = `${place}; step ${i + 1}`;
    if (!plan[i]!.operator) {
      counts.unknown++;
      expect(
        plan.slice(i).every(({ operator }) => operator === undefined),
        step,
      ).toBe(true);
      return;
    }
    if (plan[i]!.estimated) {
      const bound = before.bytes * (planned.opset < 11 ? 1 : 0.2) + codebookBytes(stack);
      if (!isNear(plan[i]!, ran[i]!, bound, step)) return;
    } else isExact(plan[i]!, ran[i]!, before.parameters, step);
  }
}

/**
 * Sizes and reasons are the same. Of sparse weights only nearly: a gap of more than 255 weights between two that are kept
 * takes an entry of its own, and how many such gaps there are follows from values.
 */
function isExact({ operator, skipped }: PlannedStep, ran: StepReport, weights: number, place: string): void {
  counts.exact++;
  const { form, bytes, parameters, multiplyAdds } = operator!;
  if (!`${form} ${skipped}`.includes('sparse')) {
    expect({ form, bytes, parameters, multiplyAdds, skipped }, place).toEqual({
      form: ran.form,
      bytes: ran.bytes,
      parameters: ran.parameters,
      multiplyAdds: ran.multiplyAdds,
      skipped: ran.skipped,
    });
    return;
  }
  const gaps = Math.ceil(weights / 256);
  expect(`${words(form)}, ${words(skipped)}`, place).toBe(`${words(ran.form)}, ${words(ran.skipped)}`);
  expect(Math.abs(bytes - ran.bytes), place).toBeLessThanOrEqual(5 * gaps);
  expect(Math.abs(parameters - ran.parameters), place).toBeLessThanOrEqual(gaps);
  expect(Math.abs(multiplyAdds - ran.multiplyAdds), place).toBeLessThanOrEqual(gaps);
}

/** A text without its numbers. */
const words = (text: string | undefined) => text?.replace(/ \(padded to [^)]*\)/g, '').replace(/[\d.·×]+/g, '#');

/** Reasons that follow from a size. */
const BY_SIZE = /would not get smaller|can't come to/;
/** Reasons that follow from values, which a plan does not have. */
const BY_VALUES = /^every one of its weights would become zero/;

/** Of codebooks that several layers share, which a plan of one layer does not count. */
const codebookBytes = (stack: readonly StackStep[]): number =>
  stack.reduce(
    (sum, { method, options }) => sum + (method === 'cluster' ? 4 * (options as { values: number }).values : 0),
    0,
  );

/**
 * Whether an estimate holds: within `bound` bytes, 20 % of the dense ones, or all of them before opset 11, where one full
 * row decides on the size. False where only one of the two is skipped, as the size lies near the limit at which the nodes take all that is
 * saved: the steps after it have nothing in common.
 */
function isNear({ operator, skipped }: PlannedStep, ran: StepReport, bound: number, place: string): boolean {
  counts.near++;
  if ((skipped === undefined) !== (ran.skipped === undefined)) {
    if (!BY_VALUES.test(ran.skipped ?? '')) expect(skipped ?? ran.skipped, place).toMatch(BY_SIZE);
    counts.flips++;
    return false;
  }
  expect(Math.abs(operator!.bytes - ran.bytes), place).toBeLessThanOrEqual(bound);
  if (
    skipped === ran.skipped ||
    BY_VALUES.test(ran.skipped ?? '') ||
    (BY_SIZE.test(skipped!) && BY_SIZE.test(ran.skipped!))
  )
    return true;
  expect(words(skipped), place).toBe(words(ran.skipped));
  return true;
}

const spectra = new WeakMap<TestModel, ReturnType<typeof spectrumOf>>();

function spectrumIn(model: TestModel, factorisations: Factorisations): ReturnType<typeof spectrumOf> {
  const { given, layer } = model;
  const found = spectra.get(model) ?? spectrumOf(layer.id, weightOf(given.model, layer), factorisations, {});
  spectra.set(model, found);
  return found;
}
