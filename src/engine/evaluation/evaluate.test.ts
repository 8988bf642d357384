import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { isAbort } from '../core/errors';
import { seeded } from '../core/random';
import { DataType, int64, modelBytes, node, tensor, value } from '../model/onnx/build';
import type { HostTensor, Session } from '../runtime';
import { chooseBatch } from './batchSize';
import type { Dataset, InputSpec } from './dataset';
import { type EvaluateOptions, evaluate } from './evaluate';
import { evaluateOriginal } from './evaluateOriginal';
import { generateDataset } from './generate';
import { KeptLatency } from './keptLatency';
import { LEAST_RUNS, measureLatency, spread } from './latency';
import { openDataset } from './openDataset';
import { OutputCache } from './outputCache';
import type { EvaluateReport } from './report';

const runtime = nodeRuntime();
const opened: Session[] = [];
const open = async (bytes: Uint8Array): Promise<Session> => {
  const session = await runtime.open({ bytes, externalData: [] }, 'cpu');
  opened.push(session);
  return session;
};
afterAll(() => Promise.all(opened.map((session) => session.release())));

/** y = x·W with W [4, 3], for any batch or a fixed one. */
const linear = (weights: readonly number[], batch: number | string = 'batch'): Uint8Array =>
  modelBytes({
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    inputs: [value('x', DataType.FLOAT, [batch, 4])],
    outputs: [value('y', DataType.FLOAT, [batch, 3])],
    initializers: [tensor('w', [4, 3], Float32Array.from(weights))],
  });
// Twice the identity, so that its outputs are no probabilities; and classes 1 and 2 changing places.
const IDENTITY = [2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0];
const SWAPPED = [2, 0, 0, 0, 0, 2, 0, 2, 0, 0, 0, 0];

const x: InputSpec = { name: 'x', type: 'float32', shape: ['batch', 4] };
const fast: EvaluateOptions = { provider: 'cpu', latency: { runs: 2, budgetMs: 0 } };

/** 5 samples of classes 0, 1, 2, 0, 1, all of them named rightly by the identity. */
const classes = (input = x): Dataset => {
  const ids = [0, 1, 2, 0, 1];
  const data = Float32Array.from(ids.flatMap((id) => [0, 1, 2, 3].map((column) => Number(column === id))));
  const labels: HostTensor = { type: 'int64', dims: [5], data: BigInt64Array.from(ids, BigInt) };
  return openDataset(
    new Map([
      ['x', { type: 'float32', dims: [5, 4], data }],
      ['labels', labels],
    ]),
    [input],
    'five.npz',
  );
};

/** The same session, counting its runs and the samples of each. */
function counted(session: Session): Session & { batches: number[] } {
  const batches: number[] = [];
  return {
    ...session,
    batches,
    run(feeds) {
      batches.push(Object.values(feeds)[0].dims[0]);
      return session.run(feeds);
    },
  };
}

describe('evaluate', () => {
  it('gives top-1 of both, their fidelity and their timings', async () => {
    const report = await evaluate(await open(linear(IDENTITY)), await open(linear(SWAPPED)), classes(), {
      ...fast,
      batch: 2,
    });
    expect(report).toMatchObject({ metric: 'top1', before: 1, after: 0.4, batch: 2, samples: 5 });
    expect(report).toMatchObject({ data: 'five.npz', provider: 'cpu' });
    expect(report.fidelity).toMatchObject({ agreement: 0.4, cosine: 0.4, maxAbsolute: 2 });
    // Where they disagree the logits are (0, 2, 0) and (0, 0, 2): KL = (p₁ − p₂)·2 with p ∝ (1, e², 1).
    expect(report.fidelity.kl).toBeCloseTo((3 / 5) * 2 * ((Math.E ** 2 - 1) / (Math.E ** 2 + 2)), 6);
    expect(report.timings!.before).toHaveLength(2);
    expect(report.timings!.after.every((ms) => ms > 0)).toBe(true);
  });

  it('gives the same for every batch, a fixed and filled-up one included', async () => {
    const numbers = async (batch: number, fixed?: number) => {
      const input: InputSpec = { ...x, shape: [fixed ?? 'batch', 4] };
      const sessions = [await open(linear(IDENTITY, fixed)), await open(linear(SWAPPED, fixed))] as const;
      const report = await evaluate(...sessions, classes(input), { ...fast, batch });
      expect(report.batch).toBe(fixed ?? batch);
      const { agreement, kl, cosine } = report.fidelity;
      return [report.before, report.after, agreement, kl, cosine];
    };
    const expected = (await numbers(5)).map((number) => expect.closeTo(number, 12));
    expect(await numbers(1)).toEqual(expected);
    expect(await numbers(3)).toEqual(expected);
    expect(await numbers(9, 1)).toEqual(expected);
    expect(await numbers(9, 4)).toEqual(expected);
  });

  it('gives the perplexity of a language model', async () => {
    // Logits are rows of a table: token 0 is followed by 1 with probability ¾, token 1 by either.
    const table = (logit: number) =>
      modelBytes({
        nodes: [node('Gather', ['table', 'ids'], ['logits'])],
        inputs: [value('ids', DataType.INT64, ['batch', 'tokens'])],
        outputs: [value('logits', DataType.FLOAT, ['batch', 'tokens', 2])],
        initializers: [tensor('table', [2, 2], Float32Array.of(0, logit, 0, 0))],
      });
    const int = (values: number[]): HostTensor => ({
      type: 'int64',
      dims: [2, 2],
      data: BigInt64Array.from(values, BigInt),
    });
    const arrays = new Map([
      ['ids', int([0, 1, 0, 0])],
      ['labels', int([1, 0, 1, -100])],
    ]);
    const ids: InputSpec = { name: 'ids', type: 'int64', shape: ['batch', 'tokens'], rows: 2 };
    const sessions = [await open(table(Math.log(3))), await open(table(0))] as const;
    const report = await evaluate(...sessions, openDataset(arrays, [ids], 'text.npz'), fast);
    expect(report.metric).toBe('positionAccuracy');
    expect(report.before).toBe(1);
    const { before, after } = report.others!.perplexity!;
    // The table is float32: 6e−8 relative.
    expect(before).toBeCloseTo((0.75 * 0.75 * 0.5) ** (-1 / 3), 6);
    expect(after).toBeCloseTo(2, 6);
  });

  it('gives intervals, paired differences, kinds of outputs and classes, before it measures latency', async () => {
    const told: EvaluateReport[] = [];
    const sessions = [await open(linear(IDENTITY)), await open(linear(SWAPPED))] as const;
    const options = { ...fast, onCompared: (report: EvaluateReport) => told.push(report) };
    const { latencyMs, timings, ...report } = await evaluate(...sessions, classes(), options);
    expect(told).toEqual([report]);
    expect([latencyMs, timings]).not.toContain(undefined);
    const { top1, agreement, maxAbsolute } = report.uncertainty!;
    expect(top1!.difference!.mean).toBeCloseTo(-0.6, 12);
    expect(top1!.before!.high).toBe(1);
    expect(agreement).not.toHaveProperty('difference');
    expect(maxAbsolute).toBeUndefined();
    expect(report.outputs).toMatchObject([{ name: 'y', kind: 'choices', counts: true, fidelity: { agreement: 0.4 } }]);
    expect(report.perClass).toEqual([
      { class: 0, samples: 2, before: 2, after: 2, lost: 0, gained: 0 },
      { class: 1, samples: 2, before: 2, after: 0, lost: 2, gained: 0 },
      { class: 2, samples: 1, before: 1, after: 0, lost: 1, gained: 0 },
    ]);
  });

  it('measures no latency where no runs are asked for, and takes outputs for what it is told', async () => {
    const original = counted(await open(linear(IDENTITY)));
    const options = { ...fast, batch: 5, latency: { runs: 0 }, kinds: { y: 'numbers' as const } };
    const report = await evaluate(original, await open(linear(SWAPPED)), classes(), options);
    expect(report.latencyMs).toBeUndefined();
    // Once to compare, once to see whether it agrees with itself.
    expect(original.batches).toEqual([5, 5]);
    expect(report.fidelity).not.toHaveProperty('agreement');
    // Three of five samples differ by (2, −2), each of length 2.
    expect(report.fidelity.relativeError).toBeCloseTo(Math.sqrt((3 * 8) / (5 * 4)), 6);
    const none = evaluate(original, original, classes(), { ...options, kinds: { y: 'none' } });
    await expect(none).rejects.toThrow('every output is left out');
  });

  it('falls back to fidelity on made-up inputs', async () => {
    const report = await evaluate(
      await open(linear(IDENTITY)),
      await open(linear(SWAPPED)),
      generateDataset([x]),
      fast,
    );
    expect(report).toMatchObject({
      metric: 'fidelity',
      before: 1,
      after: report.fidelity.agreement,
      data: 'generated',
    });
    expect(report.after).toBeGreaterThan(0);
    expect(report.after).toBeLessThan(1);
  });

  it('says that the compressed model gives NaN', async () => {
    const broken = await open(linear(IDENTITY.map((weight) => (weight ? Number.NaN : 0))));
    await expect(evaluate(await open(linear(IDENTITY)), broken, classes(), fast)).rejects.toThrow(
      'The compressed model\'s output "y" holds NaN at sample 0',
    );
  });

  it('says how close the original is to itself where it draws at random', async () => {
    const drawing = () =>
      open(
        modelBytes({
          nodes: [node('RandomNormalLike', ['x'], ['noise']), node('Add', ['x', 'noise'], ['y'])],
          inputs: [value('x', DataType.FLOAT, ['n', 4])],
          outputs: [value('y', DataType.FLOAT)],
        }),
      );
    const random = [{ op: 'RandomNormalLike', name: 'noise' }];
    const report = await evaluate(await drawing(), await drawing(), classes(), { ...fast, random });
    expect(report.random).toEqual(random);
    expect(report.itself!.cosine).toBeLessThan(1);
    const plain = await evaluate(await open(linear(IDENTITY)), await open(linear(SWAPPED)), classes(), fast);
    expect(plain.itself).toBeUndefined();
    expect(plain.random).toBeUndefined();
  });

  it('runs the original once per data set where its outputs are kept', async () => {
    const original = counted(await open(linear(IDENTITY)));
    const compressed = await open(linear(SWAPPED));
    const [dataset, originalOutputs] = [classes(), new OutputCache()];
    const options = { ...fast, originalOutputs };
    const runs = async (data: Dataset, of = options) => {
      const before = original.batches.length;
      const report = await evaluate(original, compressed, data, of);
      return { runs: original.batches.length - before, fidelity: report.fidelity };
    };
    const first = await runs(dataset);
    const second = await runs(dataset);
    expect(second.fidelity).toEqual(first.fidelity);
    // Two runs choose the batch, one compares; the rest are for timing.
    expect(first.runs - second.runs).toBe(3);
    expect((await runs(classes())).runs).toBe(first.runs);
    const small = { ...options, originalOutputs: new OutputCache(0) };
    await runs(dataset, small);
    expect((await runs(dataset, small)).runs).toBe(second.runs + 1);
  });

  it('reports progress that only grows, up to the end', async () => {
    const seen: number[] = [];
    await evaluate(await open(linear(IDENTITY)), await open(linear(SWAPPED)), classes(), {
      ...fast,
      batch: 2,
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect([seen[0], seen.at(-1)]).toEqual([0, 1]);
  });

  it('stops when it is told to, while comparing and while timing', async () => {
    for (const label of ['Comparing outputs', 'Timing']) {
      const abort = new AbortController();
      const original = counted(await open(linear(IDENTITY)));
      let runsAtAbort = Number.NaN;
      const call = evaluate(original, await open(linear(SWAPPED)), classes(), {
        provider: 'cpu',
        batch: 1,
        latency: { runs: 100_000, budgetMs: 60_000 },
        signal: abort.signal,
        onProgress(progress) {
          if (progress.label !== label || abort.signal.aborted) return;
          runsAtAbort = original.batches.length;
          abort.abort();
        },
      });
      await expect(call).rejects.toSatisfy(isAbort);
      expect(original.batches.length).toBeLessThanOrEqual(runsAtAbort + 1);
    }
  });
});

describe('evaluateOriginal', () => {
  it('gives the accuracy of one model, whose outputs the next comparison uses', async () => {
    const original = counted(await open(linear(SWAPPED)));
    const [dataset, originalOutputs] = [classes(), new OutputCache()];
    const options = { provider: 'cpu', batch: 5, originalOutputs } as const;
    const report = await evaluateOriginal(original, dataset, options);
    expect(report).toMatchObject({ values: { top1: 0.4 }, samples: 5, data: 'five.npz', provider: 'cpu' });
    expect(report.intervals.top1!.low).toBeLessThan(0.4);
    expect(report.outputs).toEqual([{ name: 'y', kind: 'choices' }]);
    await evaluate(original, await open(linear(SWAPPED)), dataset, { ...options, latency: { runs: 0 } });
    expect(original.batches).toEqual([5, 5]);
  });

  it('runs once where there are no labels', async () => {
    const original = counted(await open(linear(IDENTITY)));
    const dataset = generateDataset([x], { samples: 20 });
    const report = await evaluateOriginal(original, dataset, { provider: 'cpu', batch: 4 });
    expect(report).toMatchObject({ values: {}, outputs: [{ name: 'y' }] });
    expect(original.batches).toEqual([4]);
  });
});

describe('chooseBatch', () => {
  it('takes what fits, at most 32 samples', async () => {
    const session = await open(linear(IDENTITY));
    expect(await chooseBatch(session, generateDataset([x], { samples: 100 }))).toBe(32);
    expect(await chooseBatch(session, generateDataset([x], { samples: 7 }))).toBe(7);
  });

  it('takes fewer where the outputs are large', async () => {
    // 4 numbers in, 2²² out: 16 MB a sample, two of which are allowed.
    const spreading = modelBytes({
      nodes: [node('Expand', ['x', 'shape'], ['y'])],
      inputs: [value('x', DataType.FLOAT, ['batch', 1, 4])],
      outputs: [value('y', DataType.FLOAT, ['batch', 2 ** 20, 4])],
      initializers: [int64('shape', [1, 2 ** 20, 4])],
    });
    const dataset = generateDataset([{ ...x, shape: ['batch', 1, 4] }], { samples: 9 });
    expect(await chooseBatch(await open(spreading), dataset)).toBe(2);
  });

  it('takes one where the model was traced with one', async () => {
    const traced = modelBytes({
      nodes: [node('Reshape', ['x', 'shape'], ['y'])],
      inputs: [value('x', DataType.FLOAT, ['batch', 4])],
      outputs: [value('y', DataType.FLOAT)],
      initializers: [int64('shape', [1, 4])],
    });
    expect(await chooseBatch(await open(traced), generateDataset([x], { samples: 9 }))).toBe(1);
  });
});

describe('latency', () => {
  it('runs both by turns, each as often, the first one changing', async () => {
    const session = await open(linear(IDENTITY));
    const order: string[] = [];
    const named = (name: string): Session => ({
      ...session,
      run(feeds) {
        order.push(name);
        return session.run(feeds);
      },
    });
    const feeds = { x: { type: 'float32' as const, dims: [1, 4], data: new Float32Array(4) } };
    const { timings } = await measureLatency(named('a'), named('b'), feeds, { runs: 4, budgetMs: 60_000 });
    expect(order.slice(-8).join('')).toBe('abbaabba');
    expect([timings.before.length, timings.after.length]).toEqual([4, 4]);
    const hurried = await measureLatency(session, session, feeds, { runs: 1000, budgetMs: 0 });
    expect(hurried.timings.before).toHaveLength(5);
  });

  it('of the original is measured once, while the machine is as fast as then', async () => {
    const feeds = { x: { type: 'float32' as const, dims: [1, 4], data: new Float32Array(4) } };
    const before = counted(await open(linear(IDENTITY)));
    const after = counted(await open(linear(IDENTITY)));
    const runsWith = async (known: readonly number[] | undefined) => {
      before.batches.length = 0;
      after.batches.length = 0;
      const { timings } = await measureLatency(before, after, feeds, { runs: 20, budgetMs: 60_000, known });
      return { timings, runs: [before.batches.length, after.batches.length] };
    };
    const first = await runsWith(undefined);
    expect(first.runs[0]).toBe(first.runs[1]);
    // Any time lies between these: the few runs that check agree with them.
    const known = [0, ...first.timings.before, 60_000, 60_000, 60_000];
    const second = await runsWith(known);
    expect(second.timings.before).toEqual(known);
    expect(second.runs[1]! - second.runs[0]!).toBe(20 - LEAST_RUNS);
    // A machine that has become slower times both again.
    const third = await runsWith([0, 0, 0]);
    expect(third.runs[0]).toBe(third.runs[1]);
    expect(third.timings.before).toHaveLength(20);
  });

  it('is kept for a provider and for the shapes that were fed', () => {
    const kept = new KeptLatency();
    const feeds = (dims: number[]) => ({ x: { type: 'float32' as const, dims, data: new Float32Array(4) } });
    kept.keep('cpu', feeds([1, 4]), 20, [3, 4]);
    expect(kept.of('cpu', feeds([1, 4]), 20)).toEqual([3, 4]);
    expect(kept.of('cpu', feeds([1, 4]), 40)).toBeUndefined();
    expect(kept.of('wasm', feeds([1, 4]), 20)).toBeUndefined();
    expect(kept.of('cpu', feeds([2, 2]), 20)).toBeUndefined();
  });

  it('is spread from the tenth to the ninetieth percentile', () => {
    const timings = Array.from({ length: 11 }, (_, i) => 10 - i);
    expect(spread(timings)).toEqual({ median: 5, p10: 1, p90: 9 });
  });
});

it('draws the same numbers from the same seed, spread evenly', () => {
  const [a, b] = [seeded(7), seeded(7)];
  const draws = Array.from({ length: 6000 }, () => a.below(6));
  expect(draws.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => b.below(6)));
  // Each face is hit 1000 times, give or take 29; five of those are 145.
  for (let face = 0; face < 6; face++) {
    expect(Math.abs(draws.filter((draw) => draw === face).length - 1000)).toBeLessThan(145);
  }
});
