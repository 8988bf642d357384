import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { methodsCommand, recipeHelp } from '../../cli/methods';
import { nodeRuntime } from '../../runtime/node';
import { Calibration } from '../calibration/calibration';
import { memorySource } from '../core/bytes';
import { createCpuBackend } from '../cpu/backend';
import { openDataset } from '../evaluation/openDataset';
import { take } from '../evaluation/samples';
import { readNpz } from '../formats/npz/npz';
import { inputSpecs } from '../model/inspect';
import { layersOf } from '../model/layers';
import { type Model, opsetOf, readModel } from '../model/model';
import { scopeOf } from '../model/scopes';
import { sessionModelOf } from '../model/write';
import { compress } from '../recipe/compress';
import { compareAtEqualBytes } from '../recipe/equalBytes';
import { planStack } from '../recipe/plan';
import { previewStack } from '../recipe/preview';
import { resolvedRecipe } from '../recipe/resolved';
import { checkRecipe } from '../recipe/schema';
import { Factorisations } from './factorisations';
import { methods } from './registry';
import { offer, round } from './round.fixtures';
import { workOf } from './work';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
const factorisations = new Factorisations(backend);
const folder = 'public/samples/fashion-mnist';
const model = await readModel(memorySource(readFileSync(`${folder}/model.onnx`), 'm.onnx'));
const layers = layersOf(scopeOf(model));
const layer = layers.find(({ name }) => name.includes('fc2'))!;
const small = layers.find(({ name }) => name.includes('fc3'))!;
const step = { method: 'round', options: { bits: 6 } };
const recipe = { version: 1, steps: [{ layers: layer.name, ...step }] };

// What a module makes of the list while it is imported does not have the method: only the list that is read when used has.
let withdraw: () => void;
beforeAll(() => {
  withdraw = offer(round);
});
afterAll(() => {
  withdraw();
  backend.dispose();
  expect(methods).not.toContain(round);
});

describe('a method that is added to the list is found', () => {
  it('by recipes, whose mistakes are told with its name, its keys and its bounds', () => {
    expect(checkRecipe(recipe).steps[0]!.options).toEqual({ bits: 6, towards: 'nearest' });
    const fault = (one: object) => () => checkRecipe({ version: 1, steps: [{ layers: '*', ...one }] });
    expect(fault({ method: 'roud', options: {} })).toThrow('unknown method "roud"; did you mean round?');
    expect(fault({ method: 'round', options: { bit: 3 } })).toThrow('did you mean bits?');
    expect(fault({ method: 'round', options: { bits: 25 } })).toThrow(
      'options.bits: must be a whole number from 1 to 24 (it is 25)',
    );
    expect(fault({ options: {} })).toThrow(/there are .*, round\./);
  });

  it('in the resolved recipe, with its defaults', () => {
    expect(resolvedRecipe(checkRecipe(recipe))).toMatchObject({
      steps: [{ layers: [layer.name], method: 'round', options: { bits: 6, towards: 'nearest' } }],
    });
  });

  it('in plan and run, which agree', async () => {
    const planned = { shape: layer.shape, type: 'float32', op: layer.op, opset: opsetOf(model) } as const;
    const [plan] = planStack(planned, checkRecipe(recipe).steps);
    const { report } = await compress(model, checkRecipe(recipe), { factorisations });
    const [done] = report.layers;
    expect(done!.steps[0]).toMatchObject({ method: 'round', bytes: plan!.operator!.bytes });
    expect(done!.bytesAfter).toBe(layer.bytes / 2);
    // The mantissas of trained weights are spread nearly as the prediction has it: it errs by 8 % here.
    expect(done!.steps[0]!.error / plan!.added!).toBeGreaterThan(0.85);
    expect(done!.steps[0]!.error / plan!.added!).toBeLessThan(1.15);
    expect(plan!.advice).toEqual(['6 significant bits tell 1 from 1.03125.']);
    const [fine] = planStack(planned, [{ method: 'round', options: { bits: 12 } }]);
    expect(fine!.skipped).toContain('float16 holds 11 significant bits');
  });

  it('among the estimates of how long steps take', () => {
    expect(workOf(layer, round as never, round.options.parse({}), factorisations)).toEqual({ kind: 'round', cost: 2 });
  });

  it("in the command line's help, as text and as JSON", () => {
    const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const output = (name: string | undefined, json: boolean) => {
      methodsCommand(name, { json });
      return printed.mock.calls.at(-1)![0] as string;
    };
    expect(output(undefined, false)).toMatch(/^ {2}round +Keeps some significant bits/m);
    expect(recipeHelp()).toMatch(/^ {2}round +Keeps some significant bits/m);
    const one = output('round', false);
    expect(one).toContain('round: Rounding');
    expect(one).toMatch(
      /bits +binary digits that each weight keeps \(a whole number, 1 to 24; 8 where it is left out\)/,
    );
    expect(JSON.parse(output(undefined, true)).at(-1)).toMatchObject({
      name: 'round',
      options: [{ key: 'bits' }, { key: 'towards' }],
    });
    printed.mockRestore();
  });

  it('at equal bytes, with a line of its own for each variant', async () => {
    const entries = readNpz(readFileSync(`${folder}/test.npz`), 'test.npz');
    const dataset = take(openDataset(entries, inputSpecs(model), 'test.npz'), 8);
    const open = async (one: Model) => runtime.open(await sessionModelOf(one, runtime.externalData, {}), 'cpu');
    const report = await compareAtEqualBytes(model, [small.id], [0.5], {
      factorisations,
      calibration: new Calibration({ dataset, open }),
    });
    const points = report.points.filter(({ method }) => method === 'round');
    expect(points.map(({ title }) => title)).toEqual(['Rounding', 'Rounding, truncated']);
    expect(points.map(({ bytes }) => bytes)).toEqual([small.bytes / 2, small.bytes / 2]);
    // Rounding towards zero errs by twice as much.
    expect(points[1]!.error / points[0]!.error).toBeGreaterThan(1.8);
  });

  it('in the preview, with its picture', async () => {
    const { steps } = checkRecipe(recipe);
    const preview = await previewStack(model, layer, steps, { factorisations });
    expect(preview.steps[0]).toMatchObject({ method: 'round' });
    expect(preview.pictures[0]).toMatchObject({ kind: 'slots', of: layer.parameters });
  });
});
