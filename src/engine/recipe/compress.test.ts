import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { fixtures } from '../model/fixtures';
import { layersOf } from '../model/layers';
import { readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { scopeOf } from '../model/scopes';
import { bytesOf } from '../model/tensors';
import { bytesOfFile } from '../model/write';
import { compress } from './compress';
import { checkRecipe } from './schema';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
const recipe = (options: object, more: object = {}) =>
  checkRecipe({ version: 1, steps: [{ layers: '*', method: 'svd', options, ...more }] });
const open = (bytes: Uint8Array, name = 'm.onnx') => readModel(memorySource(bytes, name));
const run = async (bytes: Uint8Array, options: object) =>
  compress(await open(bytes), recipe(options), { factorisations: new Factorisations(backend) });

const dense = (m: number, n: number, values: (i: number) => number, bad?: number) => {
  const w = Float32Array.from({ length: m * n }, (_, i) => values(i));
  if (bad !== undefined) w[bad] = Number.NaN;
  return modelBytes({
    nodes: [node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' })],
    inputs: [value('x', DataType.FLOAT, ['n', m])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: [tensor('w', [m, n], w)],
  });
};
const wave = (i: number) => Math.sin(i * i) + 0.3 * Math.cos(i);

describe('compress', () => {
  it('counts bytes as they are written, and keeps to the size', async () => {
    const { report, files } = await run(dense(96, 160, wave), { size: 0.5 });
    const written = await bytesOfFile(files[0]!);
    expect(report.after.bytes).toBe(written.length);
    const [layer] = report.layers;
    // r = ⌊0.5·96·160/256⌋ = 30
    expect(layer).toMatchObject({
      name: 'fc',
      form: 'lowRank 30',
      bytesBefore: 96 * 160 * 4,
      bytesAfter: 30 * 256 * 4,
    });
    expect(report.after.parameters).toBe(30 * 256);
    const reopened = await open(written);
    expect(layersOf(scopeOf(reopened)).map(({ shape }) => shape)).toEqual([
      [30, 96],
      [160, 30],
    ]);
  });

  it('predicts the error that it measures, on every fixture and budget', async () => {
    for (const fixture of fixtures()) {
      for (const options of [{ size: 0.6 }, { error: 0.6 }, { energy: 0.7 }, { rank: 6 }]) {
        const { report } = await run(fixture.bytes, options);
        for (const { weightError, name } of report.layers) {
          const { predicted, measured } = weightError;
          expect(
            Math.abs(predicted - measured),
            `${fixture.name} ${JSON.stringify(options)} ${name}`,
          ).toBeLessThanOrEqual(1e-3 * measured + 1e-6);
        }
        expect(report.layers.length + report.skipped.length, fixture.name).toBe(1);
      }
    }
  });

  it('keeps an error budget, with the smallest rank that does', async () => {
    const { report } = await run(dense(64, 64, wave), { error: 0.8 });
    const rank = Number(report.layers[0]!.form.split(' ')[1]);
    expect(report.layers[0]!.weightError.measured).toBeLessThanOrEqual(0.8);
    const less = await run(dense(64, 64, wave), { rank: rank - 1 });
    expect(less.report.layers[0]!.weightError.measured).toBeGreaterThan(0.8);
  });

  it('leaves a layer that would not get smaller as it is, byte for byte', async () => {
    const bytes = dense(64, 64, wave);
    const { report, model } = await run(bytes, { rank: 32 });
    expect(report.layers).toEqual([]);
    expect(report.skipped).toEqual([
      { name: 'fc', reason: expect.stringMatching(/^would not get smaller: rank 32 .*break-even is rank 32/) },
    ]);
    expect(layersOf(scopeOf(model))[0]!.tensor).toEqual(layersOf(scopeOf(await open(bytes)))[0]!.tensor);
  });

  it('names the tensor that holds NaN, and what to do', async () => {
    await expect(run(dense(64, 96, wave, 100), { size: 0.5 })).rejects.toThrow(
      /^Tensor "w" holds NaN at element 100: .*leave its layer out/,
    );
  });

  it('counts as progress the layers that take time, not those that no method may rewrite', async () => {
    const sizes = [
      [6, 5],
      [5, 64],
      [64, 64],
    ];
    const bytes = modelBytes({
      nodes: sizes.map((_, i) =>
        node('MatMul', [i === 0 ? 'x' : `h${i}`, `w${i}`], [`h${i + 1}`], {}, { name: `fc${i}` }),
      ),
      inputs: [value('x', DataType.FLOAT, ['n', 6])],
      outputs: [value('h3', DataType.FLOAT)],
      initializers: sizes.map(([m, n], i) =>
        tensor(
          `w${i}`,
          [m!, n!],
          Float32Array.from({ length: m! * n! }, (_, j) => wave(j)),
        ),
      ),
    });
    const model = await open(bytes);
    const layers = layersOf(scopeOf(model));
    expect(layers.map(({ compressible }) => compressible)).toEqual([false, true, true]);
    const told: [label: string, done: number, total: number][] = [];
    await compress(model, recipe({ size: 0.5 }), {
      factorisations: new Factorisations(backend),
      onProgress: ({ label, done, total }) => told.push([label, done, total]),
    });
    const firstOf = (label: string) => told.find(([about]) => about === label);
    expect(firstOf('fc1')).toEqual(['fc1', 0, 2]);
    expect(firstOf('fc2')).toEqual(['fc2', 1, 2]);
    expect(told.at(-1)).toEqual(['Hashing the original', 2, 2]);
  });

  it('stops when it is cancelled', async () => {
    const model = await open(readFileSync('public/samples/fashion-mnist/model.onnx'));
    const labels: string[] = [];
    const controller = new AbortController();
    const job = compress(model, recipe({ size: 0.5 }), {
      factorisations: new Factorisations(backend),
      signal: controller.signal,
      onProgress: ({ label }) => {
        labels.push(label);
        if (label.includes('fc1')) controller.abort();
      },
    });
    await expect(job).rejects.toMatchObject({ name: 'AbortError' });
    expect(labels.some((label) => label.includes('fc2'))).toBe(false);
  });

  it('gives the same bytes again, and steps refine what earlier steps made', async () => {
    const bytes = dense(128, 128, (i) => wave(i) / (1 + (i % 128)));
    const two = checkRecipe({
      version: 1,
      steps: [
        { layers: 'fc', method: 'svd', options: { rank: 40 } },
        { layers: 'fc', method: 'svd', options: { size: 0.5 } },
      ],
    });
    const once = await compress(await open(bytes), two, { factorisations: new Factorisations(backend) });
    const again = await compress(await open(bytes), two, { factorisations: new Factorisations(backend) });
    expect(await bytesOfFile(once.files[0]!)).toEqual(await bytesOfFile(again.files[0]!));
    expect(once.report.layers[0]!.bytesAfter).toBeLessThan(40 * 256 * 4);
    const { predicted, measured } = once.report.layers[0]!.weightError;
    expect(Math.abs(predicted - measured)).toBeLessThan(0.05 * measured);
  });

  it('writes recipe and hashes into the model, and all names stay', async () => {
    const bytes = readFileSync('public/samples/moby-lm/model.onnx');
    const model = await open(bytes, 'moby.onnx');
    const { files, model: changed } = await compress(model, recipe({ size: 0.4 }, { ignore: 'op:Gather' }), {
      factorisations: new Factorisations(backend),
    });
    expect(files[0]!.name).toBe('moby.run1.onnx');
    const read = await open(await bytesOfFile(files[0]!));
    const metadata = Object.fromEntries(read.proto.metadataProps.map(({ key, value }) => [key, value]));
    expect(JSON.parse(metadata['carrara.recipe']!)).toMatchObject({
      version: 1,
      steps: [{ method: 'svd', options: { size: 0.4 } }],
    });
    expect(metadata['carrara.original_sha256']).toMatch(/^[0-9a-f]{64}$/);
    const outputs = (graph: typeof model.graph) => new Set(graph.node.flatMap(({ name, output }) => [name, ...output]));
    for (const name of outputs(model.graph)) expect(outputs(changed.graph)).toContain(name);
    expect(read.graph.input).toEqual(model.graph.input);
    expect(read.graph.output).toEqual(model.graph.output);
  });

  it('writes a recipe with its defaults, which gives the very same file', async () => {
    const model = await open(dense(96, 160, wave));
    const compressed = async (given: unknown) => {
      const { files } = await compress(model, checkRecipe(given), { factorisations: new Factorisations(backend) });
      return bytesOfFile(files[0]!);
    };
    const bytes = await compressed(recipe({ size: 0.5 }));
    const { metadataProps } = (await open(bytes)).proto;
    const written = JSON.parse(metadataProps.find(({ key }) => key === 'carrara.recipe')!.value);
    expect(written).toMatchObject({ seed: 0, export: { aim: 'speed' }, steps: [{ options: { whiten: 'none' } }] });
    expect(Buffer.compare(await compressed(written), bytes)).toBe(0);
  });

  it('writes the same operators for another aim, as if they had been compressed for it', async () => {
    const model = await open(dense(96, 160, wave));
    const steps = [
      { layers: '*', method: 'svd', options: { size: 0.5 } },
      { layers: '*', method: 'quantize', options: { bits: 4 } },
    ];
    const as = (aim: string) => checkRecipe({ version: 1, steps, export: { aim } });
    const call = { factorisations: new Factorisations(backend) };
    const first = await compress(model, as('speed'), call);
    for (const aim of ['file', 'memory', 'speed'] as const) {
      const anew = await compress(model, as(aim), call);
      const again = await first.writtenFor({ aim }, {});
      expect(await bytesOfFile(again.files[0]!)).toEqual(await bytesOfFile(anew.files[0]!));
      const { ms: _, layers, ...report } = again.report;
      const { ms: __, layers: expected, ...other } = anew.report;
      expect(report).toEqual(other);
      expect(layers.map(({ memory }) => memory)).toEqual(expected.map(({ memory }) => memory));
    }
    const sizes = [first, await first.writtenFor({ aim: 'memory' }, {})].map(({ report }) => report.memory);
    expect(sizes[1]!.estimatedLoad).toBeLessThan(sizes[0]!.estimatedLoad);
  });

  it('knows a weight that was cut from the one it was, whatever was looked at before', async () => {
    const model = modelBytes({
      nodes: [
        node('MatMul', ['x', 'a'], ['h'], {}, { name: 'first' }),
        node('MatMul', ['h', 'b'], ['y'], {}, { name: 'second' }),
      ],
      inputs: [value('x', DataType.FLOAT, ['n', 48])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [
        tensor(
          'a',
          [48, 64],
          Float32Array.from({ length: 48 * 64 }, (_, i) => wave(i)),
        ),
        tensor(
          'b',
          [64, 40],
          Float32Array.from({ length: 64 * 40 }, (_, i) => wave(3 * i)),
        ),
      ],
    });
    const steps = [
      { layers: '*', method: 'prune-structured', options: { size: 0.5 } },
      { layers: '*', method: 'svd', options: { rank: 8 } },
    ];
    const looked = new Factorisations(backend);
    const plain = checkRecipe({ version: 1, steps: steps.slice(1) });
    const before = await compress(await open(model), plain, { factorisations: looked });
    const errors = async (factorisations: Factorisations) => {
      const { report } = await compress(await open(model), checkRecipe({ version: 1, steps }), { factorisations });
      return report.layers.map(({ weightError }) => weightError);
    };
    const anew = await errors(new Factorisations(backend));
    expect(await errors(looked)).toEqual(anew);
    for (const { predicted, measured } of anew) expect(Math.abs(predicted - measured)).toBeLessThan(1e-5);
    const after = await compress(await open(model), plain, { factorisations: looked });
    expect(after.report.layers.map(({ weightError }) => weightError)).toEqual(
      before.report.layers.map(({ weightError }) => weightError),
    );
  });

  it('stores a tied weight once, though one consumer applies its factors and another has it rebuilt', async () => {
    const model = modelBytes({
      nodes: [
        node('Gather', ['table', 'ids'], ['e'], {}, { name: 'embed' }),
        node('Transpose', ['table'], ['turned'], { perm: [1, 0] }),
        node('MatMul', ['e', 'turned'], ['y'], {}, { name: 'head' }),
      ],
      inputs: [value('ids', DataType.INT64, ['n'])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [
        tensor(
          'table',
          [128, 64],
          Float32Array.from({ length: 128 * 64 }, (_, i) => wave(i)),
        ),
      ],
    });
    const { report, model: changed } = await compress(await open(model), recipe({ rank: 8 }), {
      factorisations: new Factorisations(backend),
    });
    const stored = changed.graph.initializer.filter(({ name }) => name.startsWith('table.'));
    expect(stored.reduce((sum, held) => sum + bytesOf(held), 0)).toBe(4 * 8 * (128 + 64));
    expect(report.layers[0]!.bytesAfter).toBe(4 * 8 * (128 + 64));
  });

  it('leaves a weight that is cast to double as it is', async () => {
    const model = modelBytes({
      nodes: [
        node('Cast', ['w'], ['wide'], { to: DataType.DOUBLE }),
        node('MatMul', ['x', 'wide'], ['y'], {}, { name: 'fc' }),
      ],
      inputs: [value('x', DataType.DOUBLE, ['n', 64])],
      outputs: [value('y', DataType.DOUBLE)],
      initializers: [
        tensor(
          'w',
          [64, 96],
          Float32Array.from({ length: 64 * 96 }, (_, i) => wave(i)),
        ),
      ],
    });
    const { report } = await run(model, { rank: 8 });
    expect(report.skipped[0]!.reason).toMatch(/cast to float64/);
  });
});
