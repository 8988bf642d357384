import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { seeded } from '../core/random';
import type { EvaluateReport } from '../evaluation/report';
import { writeNpz } from '../formats/npz/npz';
import { gaussian } from '../model/fixtures';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { Project } from './project';

const SIZE = 24;

/** y [n, 24] = Relu(x · a) · b. */
const bytes = modelBytes({
  nodes: [
    node('MatMul', ['x', 'a'], ['h'], {}, { name: 'first' }),
    node('Relu', ['h'], ['r']),
    node('MatMul', ['r', 'b'], ['y'], {}, { name: 'second' }),
  ],
  inputs: [value('x', DataType.FLOAT, ['n', SIZE])],
  outputs: [value('y', DataType.FLOAT, ['n', SIZE])],
  initializers: ['a', 'b'].map((name, i) => tensor(name, [SIZE, SIZE], gaussian(seeded(i + 1), [SIZE, SIZE]))),
});

/** A file that counts how often its bytes are read. */
class CountedFile extends File {
  reads = 0;
  override slice(...range: Parameters<File['slice']>): Blob {
    this.reads++;
    return super.slice(...range);
  }
}
const file = (name = 'model.onnx') => new CountedFile([bytes as BlobPart], name, { lastModified: 1 });

function data(samples: number): File {
  const x = { type: 'float32' as const, dims: [samples, SIZE], data: gaussian(seeded(9), [samples, SIZE]) };
  return new File([writeNpz([['x', x]]) as BlobPart], 'data.npz');
}

let count = 0;
const job = () => ({ id: `job-${++count}` });

const halfRank = { version: 1, steps: [{ layers: '*', method: 'svd', options: { rank: 6 } }] };

async function opened(): Promise<Project> {
  const project = new Project(nodeRuntime());
  await project.start('cpu');
  await project.open([file()], job());
  return project;
}

describe('opening', () => {
  it('takes what was read for the check, and reads nothing again', async () => {
    const project = new Project(nodeRuntime());
    const checked = file();
    await project.check([checked], job());
    expect(checked.reads).toBeGreaterThan(0);
    const same = file();
    const report = await project.open([same], job());
    expect(report.layers.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(same.reads).toBe(0);
    // Only once, and only the same files.
    const again = file();
    await project.open([again], job());
    expect(again.reads).toBeGreaterThan(0);
    await project.check([file()], job());
    const other = file('other.onnx');
    expect((await project.open([other], job())).name).toBe('other.onnx');
  });

  it('keeps what is open where another file is no model', async () => {
    const project = await opened();
    const bad = new File(['no model'], 'bad.onnx');
    await expect(project.open([bad], job())).rejects.toThrow('bad.onnx');
    await expect(project.check([bad], job())).rejects.toThrow('bad.onnx');
    expect(project.model.name).toBe('model.onnx');
  });

  it('says what to do where nothing is open', async () => {
    const project = new Project(nodeRuntime());
    await expect(project.compress(halfRank, job())).rejects.toThrow('No model is open: drop an .onnx file');
  });
});

describe('runs', () => {
  it('are numbered, evaluated, exported and removed', async () => {
    const project = await opened();
    const { run, result } = await project.compress(halfRank, job());
    expect([run, result.layers.length]).toEqual([1, 2]);
    const report = await project.evaluate(run, 'cpu', job());
    expect(report).toMatchObject({ data: 'generated', provider: 'cpu' });
    const { files, readBack } = await project.exportRun(run, job());
    expect(files.map(({ name }) => name)).toEqual(['model.run1.onnx']);
    expect(readBack.layers).toMatchObject({ checked: 2, of: 2 });
    await project.forgetRun(run);
    await expect(project.evaluate(run, 'cpu', job())).rejects.toThrow('Run 1 is no longer there: compress again.');
    expect((await project.compress(halfRank, job())).run).toBe(2);
    expect((await project.compress(halfRank, job(), { run: 1 })).run).toBe(1);
    expect((await project.compress(halfRank, job())).run).toBe(3);
  });

  it('are compared as it is chosen, on inputs that are made up as it is chosen', async () => {
    const project = await opened();
    const { run } = await project.compress(halfRank, job());
    const told: EvaluateReport[] = [];
    const settings = { batch: 3, runs: 2, madeUp: { samples: 7 } };
    const report = await project.evaluate(run, 'cpu', job(), settings, (compared) => told.push(compared));
    expect(report).toMatchObject({ batch: 3, samples: 7 });
    expect(report.timings!.before).toHaveLength(2);
    expect(told).toMatchObject([{ samples: 7, fidelity: report.fidelity }]);
    expect(told[0]).not.toHaveProperty('timings');
    // What was said of inputs holds on.
    const again = await project.evaluate(run, 'cpu', job(), { runs: 0, samples: 5 });
    expect(again).toMatchObject({ samples: 5, samplesOf: 7 });
    expect(again.latencyMs).toBeUndefined();
    const alone = await project.evaluateOriginal('cpu', job());
    expect(alone).toMatchObject({ values: {}, samples: 7, data: 'generated' });
  });

  it('need data for some recipes, and say what is to be done where there are none', async () => {
    const project = new Project(nodeRuntime(), { remedy: 'open a file' });
    await project.start('cpu');
    await project.open([file()], job());
    const wanda = { version: 1, steps: [{ layers: '*', method: 'prune', options: { sparsity: 0.5, score: 'wanda' } }] };
    await expect(project.compress(wanda, job())).rejects.toThrow(/prune .* needs calibration data, .*: open a file\.$/);
    await project.openData(data(16), job());
    expect((await project.compress(wanda, job())).result.calibration).toMatchObject({ data: 'data.npz', samples: 4 });
  });

  it('report the error of outputs where data are given for calibration only, whatever the recipe needs', async () => {
    const project = await opened();
    const error = async () => (await project.compress(halfRank, job())).result.layers[0]!.outputError;
    await project.openData(data(16), job());
    expect(await error()).toBeUndefined();
    await project.openData(data(16), job(), 'calibration');
    expect((await error())!.measured).toBeGreaterThan(0);
  });
});

it('jobs run one at a time, and what the user waits for comes before spectra', async () => {
  const project = await opened();
  const order: string[] = [];
  const id = project.model.graph.initializer[0]!.name;
  const noted = (name: string) => () => order.push(name);
  const spectra = project.spectra([id], () => undefined, job()).then(noted('spectra'));
  const compress = project.compress(halfRank, job()).then(noted('compress'));
  expect(project.queue.jobs.map(({ kind }) => kind)).toContain('compress');
  await Promise.all([spectra, compress]);
  expect(order).toEqual(['compress', 'spectra']);
});

it('a cancelled job rejects with an AbortError, before it starts and in the middle', async () => {
  const project = await opened();
  const [running, waiting] = [job(), job()];
  const first = project.compress(halfRank, running);
  const second = project.compress(halfRank, waiting);
  await project.cancel(waiting.id);
  await expect(second).rejects.toMatchObject({ name: 'AbortError' });
  await project.cancel(running.id);
  await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  expect(project.queue.jobs).toEqual([]);
});

describe('the times of a layer', () => {
  const stack = [{ method: 'svd', options: { rank: 2 } }];
  const ignored = () => undefined;

  it('are measured with random contents, and after a trial of the same steps with what it made', async () => {
    const project = await opened();
    const times = () => project.layerTimes('a', stack, {}, ignored, job());
    expect(await times()).toMatchObject({ layer: 'a', form: 'lowRank 2', values: 'random' });
    await project.preview('a', stack, { peers: [] }, job());
    expect(await times()).toMatchObject({ form: 'lowRank 2', values: 'own' });
    const other = [{ method: 'svd', options: { rank: 1 } }];
    expect(await project.layerTimes('a', other, {}, ignored, job())).toMatchObject({ values: 'random' });
  });

  it('need a layer and steps without faults', async () => {
    const project = await opened();
    const timed = (id: string, steps: typeof stack) => project.layerTimes(id, steps, {}, ignored, job());
    await expect(timed('none', stack)).rejects.toThrow('Layer none cannot be factorised.');
    await expect(timed('a', [{ method: 'svd', options: { rank: 0 } }])).rejects.toThrow('The stack, step 1');
  });
});
