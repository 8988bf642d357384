import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { createCpuBackend } from '../../cpu/backend';
import { generateDataset } from '../../evaluation/generate';
import type { Cut } from '../../model/channels/cut';
import { Flow } from '../../model/channels/graph';
import { type ChannelGroup, channelGroups } from '../../model/channels/groups';
import { gaussian } from '../../model/fixtures';
import { inputSpecs } from '../../model/inspect';
import { type Layer, layersOf } from '../../model/layers';
import { type Model, readModel } from '../../model/model';
import { DataType, int64, modelBytes, node, tensor, value } from '../../model/onnx/build';
import { scopeOf } from '../../model/scopes';
import { sessionModelOf } from '../../model/write';
import { compress } from '../../recipe/compress';
import { checkRecipe } from '../../recipe/schema';
import { Factorisations } from '../factorisations';
import { type Trial, tryCuts } from './trial';

const runtime = nodeRuntime();
const open = async (model: Model) => runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
const trialOf = (model: Model): Trial => ({ dataset: () => generateDataset(inputSpecs(model)), open });
const random = seeded(6);
const weight = (name: string, ...dims: number[]) => tensor(name, dims, gaussian(random, dims));

/** An MLP, and a convolution whose rows of a width that happens to be its channels go to a matrix. */
const network = () =>
  readModel(
    memorySource(
      modelBytes({
        opset: 17,
        inputs: [value('x', DataType.FLOAT, ['n', 10]), value('z', DataType.FLOAT, ['n', 8, 6, 4])],
        outputs: [value('y', DataType.FLOAT), value('o', DataType.FLOAT)],
        nodes: [
          node('MatMul', ['x', 'w1'], ['h'], {}, { name: 'fc1' }),
          node('Relu', ['h'], ['r']),
          node('MatMul', ['r', 'w2'], ['y'], {}, { name: 'fc2' }),
          node('Conv', ['z', 'w3'], ['c'], {}, { name: 'conv' }),
          node('Reshape', ['c', 'shape'], ['f'], {}, { name: 'rows' }),
          node('MatMul', ['f', 'w4'], ['o'], {}, { name: 'fc3' }),
        ],
        initializers: [
          weight('w1', 10, 30),
          weight('w2', 30, 7),
          weight('w3', 32, 8, 1, 1),
          weight('w4', 32, 5),
          int64('shape', [-1, 32]),
        ],
      }),
      'two.onnx',
    ),
  );

async function cutsOf(model: Model) {
  const main = scopeOf(model);
  const layers = new Map(layersOf(main).map((layer) => [layer.name, layer]));
  const flow = new Flow(main, 17);
  const right = channelGroups(flow, [...layers.values()]).get(layers.get('fc1')!) as ChannelGroup;
  const reshape = model.graph.node.find(({ name }) => name === 'rows')!;
  const [conv, fc3] = ['conv', 'fc3'].map((name) => layers.get(name)!) as [Layer, Layer];
  const wrong: ChannelGroup = {
    kind: 'channels',
    units: 32,
    producers: [conv],
    consumers: [fc3],
    parameters: [],
    edits: [{ kind: 'shape', node: reshape, at: -1 }],
    values: ['c', 'f'],
  };
  const half = (group: ChannelGroup): Cut => ({
    group,
    kept: [...Array(group.units).keys()].filter((i) => i % 2 === 0),
  });
  return { flow, right: half(right), wrong: half(wrong) };
}

describe('cuts are tried on a sample', () => {
  it('and those that do not compute what masking does are refused, the others kept', async () => {
    const model = await network();
    const { flow, right, wrong } = await cutsOf(model);
    const { refused, report } = await tryCuts(model, flow, [right, wrong], trialOf(model), {});
    expect([...refused]).toEqual([[wrong, expect.stringMatching(/^cutting them is not .* o differs by \d/)]]);
    expect(report).toEqual({ ran: true, data: 'generated', generated: true });
    const alone = await tryCuts(model, flow, [wrong], trialOf(model), {});
    expect([...alone.refused.keys()]).toEqual([wrong]);
  });

  it('and those with which the model no longer runs are refused', async () => {
    const model = await network();
    const { flow, right, wrong } = await cutsOf(model);
    const broken: Cut = { ...wrong, group: { ...wrong.group, edits: [], producers: [] } };
    const { refused } = await tryCuts(model, flow, [right, broken], trialOf(model), {});
    expect([...refused]).toEqual([[broken, expect.stringMatching(/does not run once they are cut/)]]);
  });

  it('but are kept where the model says something else each time, or nothing can be run: then the report says so', async () => {
    const model = await network();
    const cuts = await cutsOf(model);
    const none = await tryCuts(model, cuts.flow, [cuts.right], undefined, {});
    expect(none).toEqual({ refused: new Map(), report: { ran: false, note: expect.stringMatching(/nothing to run/) } });
    const dataset = () => {
      throw new Error('Input "x" takes text.');
    };
    const unfed = await tryCuts(model, cuts.flow, [cuts.right], { dataset, open }, {});
    expect(unfed.report).toEqual({ ran: false, note: 'Input "x" takes text' });
    // A session that adds noise to whatever the model says.
    const drawn = seeded(1);
    const unsteady: Trial = {
      ...trialOf(model),
      open: async (one) => {
        const session = await open(one);
        return {
          ...session,
          release: () => session.release(),
          run: async (feeds) => {
            const outputs = await session.run(feeds);
            const moved = ([name, out]: [string, (typeof outputs)[string]]) => [
              name,
              { ...out, data: (out.data as Float32Array).map((entry) => entry + drawn.normal()) },
            ];
            return Object.fromEntries(Object.entries(outputs).map(moved));
          },
        };
      },
    };
    const said = await tryCuts(model, cuts.flow, [cuts.right], unsteady, {});
    expect(said).toEqual({
      refused: new Map(),
      report: { ran: false, note: expect.stringMatching(/other outputs each/) },
    });
  });

  it('but are kept where the model stops running in between', async () => {
    const model = await network();
    const { flow, right, wrong } = await cutsOf(model);
    let runs = 0;
    const failing: Trial = {
      ...trialOf(model),
      open: async (one) => {
        if (++runs > 2) throw new Error('onnxruntime cannot open this model: there is not enough memory.');
        return open(one);
      },
    };
    expect(await tryCuts(model, flow, [right, wrong], failing, {})).toEqual({
      refused: new Map(),
      report: { ran: false, note: expect.stringMatching(/not enough memory$/) },
    });
  });

  it('and an output that jumps at a rounding error is allowed to jump, but no more', async () => {
    const model = await network();
    const { flow, right, wrong } = await cutsOf(model);
    // Outputs that hang on the last bits of the weights, as scores do of which only the largest are kept.
    const jumping: Trial = {
      ...trialOf(model),
      open: async (one) => {
        const session = await open(one);
        const { bytes } = await sessionModelOf(one, false);
        const seed = bytes.reduce((all, byte) => (all * 31 + byte) >>> 0, 0);
        return {
          ...session,
          release: () => session.release(),
          run: async (feeds) => {
            const outputs = await session.run(feeds);
            const drawn = seeded(seed);
            const jump = ([name, out]: [string, (typeof outputs)[string]]) => {
              const values = out.data as Float32Array;
              return [name, { ...out, data: values.map((entry) => entry + 0.02 * drawn.normal()) }];
            };
            return Object.fromEntries(Object.entries(outputs).map(jump));
          },
        };
      },
    };
    const { refused, report } = await tryCuts(model, flow, [right, wrong], jumping, {});
    expect(report.ran).toBe(true);
    expect([...refused.keys()]).toEqual([wrong]);
  });

  it('where a layer takes units of one group and makes those of another', async () => {
    const model = await readModel(
      memorySource(
        modelBytes({
          opset: 17,
          inputs: [value('x', DataType.FLOAT, ['n', 10])],
          outputs: [value('y', DataType.FLOAT)],
          nodes: [
            node('MatMul', ['x', 'w1'], ['a'], {}, { name: 'fc1' }),
            node('Relu', ['a'], ['b']),
            node('MatMul', ['b', 'w2'], ['c'], {}, { name: 'fc2' }),
            node('Relu', ['c'], ['d']),
            node('MatMul', ['d', 'w3'], ['y'], {}, { name: 'fc3' }),
          ],
          initializers: [weight('w1', 10, 30), weight('w2', 30, 24), weight('w3', 24, 7)],
        }),
        'chain.onnx',
      ),
    );
    const recipe = checkRecipe({
      version: 1,
      steps: [{ layers: '*', method: 'prune-structured', options: { size: 0.5 } }],
    });
    const factorisations = new Factorisations(createCpuBackend(runtime));
    const { report } = await compress(model, recipe, { factorisations, trial: trialOf(model) });
    expect(report.layers.map(({ form }) => form)).toEqual(['cut to 15×10', 'cut to 12×15', 'cut to 7×12']);
    expect(report.trial?.ran).toBe(true);
  });

  it('in a run of a recipe, whose report says how', async () => {
    const model = await network();
    const recipe = checkRecipe({
      version: 1,
      steps: [{ layers: '*', method: 'prune-structured', options: { size: 0.5 } }],
    });
    const factorisations = new Factorisations(createCpuBackend(runtime));
    const tried = await compress(model, recipe, { factorisations, trial: trialOf(model) });
    expect(tried.report.layers.map(({ name, form }) => `${name}: ${form}`)).toEqual([
      'fc1: cut to 15×10',
      'fc2: cut to 7×15',
    ]);
    expect(tried.report.trial).toEqual({ ran: true, data: 'generated', generated: true });
    const untried = await compress(model, recipe, { factorisations });
    expect(untried.report.trial).toEqual({ ran: false, note: 'there was nothing to run the model with' });
    const nothing = checkRecipe({
      version: 1,
      steps: [{ layers: 'conv', method: 'prune-structured', options: { size: 0.5 } }],
    });
    expect((await compress(model, nothing, { factorisations, trial: trialOf(model) })).report.trial).toBeUndefined();
  });
});
