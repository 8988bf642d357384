import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import type { Proposal, ProposalReport } from '../allocation/proposalReport';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { Project } from './project';

const SAMPLE = 'public/samples/fashion-mnist';
const file = (path: string, name = path) => new File([readFileSync(path)], name);

let count = 0;
const job = (signal?: AbortSignal) => ({ id: `job-${++count}`, ...(signal && { signal }) });

async function opened(model: File, ...data: File[]): Promise<Project> {
  const project = new Project(nodeRuntime(), { gpu: async () => undefined });
  await project.start('cpu');
  await project.open([model], job());
  for (const one of data) await project.openData(one, job());
  return project;
}

describe('proposals', () => {
  it.each([
    ['without data', []],
    ['on data', ['test.npz']],
  ])(
    'hold what they promise when they are run, %s',
    async (_, data) => {
      const files = data.map((name) => file(`${SAMPLE}/${name}`, name));
      const project = await opened(file(`${SAMPLE}/model.onnx`, 'model.onnx'), ...files);
      const told: ProposalReport[] = [];
      const report = await project.propose((one) => told.push(one), job());
      expect(report).toMatchObject({ isDone: true, generated: data.length === 0 });
      expect(told[0]!.isDone).toBe(false);
      expect(report.proposals.map(({ name }) => name)).toEqual(['safe', 'balanced', 'tiny']);
      expect(report.proposals.every(({ keepsPromise }) => keepsPromise)).toBe(true);
      const sizes = report.proposals.map(({ bytes }) => bytes);
      expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
      expect(sizes[0]! / report.originalBytes).toBeLessThan(0.3);
      const [{ recipe, bytes, closeness }] = report.proposals as [Proposal];
      const run = await project.compress(recipe, job());
      // The number of the run in the file's metadata is one digit either way.
      expect(run.result.after.bytes).toBe(bytes);
      if (closeness.accuracy) {
        const evaluation = await project.evaluate(run.run, 'cpu', job());
        // Other samples of the same data: within four standard errors of the loss that was measured.
        const { mean, standardError = 0 } = closeness.accuracy.loss;
        expect(evaluation.before - evaluation.after).toBeLessThan(mean + 4 * standardError);
      }
      // What was found is kept while the data stay the same.
      expect((await project.propose(() => undefined, job())).measured).toBe(report.measured);
      await project.close();
    },
    120_000,
  );

  it('go on where they gave way', async () => {
    const project = await opened(file(`${SAMPLE}/model.onnx`, 'model.onnx'));
    const cancelled = new AbortController();
    let before = 0;
    const first = project.propose(({ measured }) => {
      before = measured;
      if (measured === 2) cancelled.abort();
    }, job(cancelled.signal));
    await expect(first).rejects.toThrow();
    expect(before).toBeGreaterThanOrEqual(2);
    const told: number[] = [];
    await project.propose(({ measured }) => told.push(measured), job());
    expect(told[0]).toBeGreaterThanOrEqual(before);
    await project.close();
  }, 120_000);

  it('are refused with a sentence where nothing can be promised', async () => {
    const small = modelBytes({
      nodes: [node('Relu', ['x'], ['y'])],
      inputs: [value('x', DataType.FLOAT, ['n', 4])],
      outputs: [value('y', DataType.FLOAT, ['n', 4])],
      initializers: [],
    });
    const nothing = await opened(new File([small as BlobPart], 'small.onnx'));
    await expect(nothing.propose(() => undefined, job())).rejects.toThrow('No layer of this model can be made smaller');
    const drawing = modelBytes({
      nodes: [
        node('MatMul', ['x', 'w'], ['h'], {}, { name: 'fc' }),
        node('RandomNormalLike', ['h'], ['r'], {}, { name: 'noise' }),
        node('Add', ['h', 'r'], ['y']),
      ],
      inputs: [value('x', DataType.FLOAT, ['n', 64])],
      outputs: [value('y', DataType.FLOAT, ['n', 64])],
      initializers: [
        tensor(
          'w',
          [64, 64],
          Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
        ),
      ],
    });
    const random = await opened(new File([drawing as BlobPart], 'random.onnx'));
    await expect(random.propose(() => undefined, job())).rejects.toThrow('draws at random');
    await nothing.close();
    await random.close();
  });
});
