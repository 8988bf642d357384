import { describe, expect, it } from 'vitest';
import type { EvaluateReport, RunReport } from '../../engine/project/engine';
import { describeAim, describeLoad, describeRun, describeRuns } from './describe';
import { histogramOf } from './histogram';
import { frontier, pointsOf } from './points';
import { agreementSaysLittle, describeChange, describeMajority, headline, qualityRows } from './quality';
import { describeData, describeState, formatFigure, latencyRow, sizeRows, type Timed } from './rows';

const evaluation = (part: Partial<Timed> = {}): Timed => ({
  metric: 'top1',
  before: 0.912,
  after: 0.905,
  fidelity: { agreement: 0.97, majority: 0.2, kl: 0.0123, cosine: 0.999, maxAbsolute: 0.4 },
  batch: 32,
  latencyMs: { before: { median: 10, p10: 9, p90: 12 }, after: { median: 8, p10: 7.5, p90: 9 } },
  samples: 1000,
  data: 'test.npz',
  provider: 'wasm',
  timings: { before: [10, 9, 12], after: [8, 7.5, 9] },
  ...part,
});

const run = (number: number, bytes: number, evaluated?: EvaluateReport): RunReport => ({
  run: number,
  recipe: { version: 1, steps: [{ layers: '*', method: 'svd', options: { size: 0.5 } }] },
  result: {
    before: { bytes: 4_000_000, parameters: 1_000_000 },
    after: { bytes, parameters: bytes / 4 },
    memory: { estimatedResident: 4_000_000, estimatedLoad: 4_000_000 + bytes },
    layers: [],
    skipped: [],
    backend: 'cpu',
    ms: 5,
  },
  ...(evaluated && { evaluation: evaluated }),
});

describe('rows', () => {
  it('tell sizes with their change', () => {
    expect(sizeRows(run(1, 1_000_000).result)).toMatchObject([
      { original: '4.00 MB', compressed: '1.00 MB', change: '−75 %', tone: 'better' },
      { name: 'memory', original: '≈4.00 MB', compressed: '≈4.00 MB', change: '0' },
      { name: 'load peak', original: '≈4.00 MB', compressed: '≈5.00 MB', change: '+25 %', tone: 'worse' },
      { original: '1.00 M', compressed: '250 k', change: '−75 %', tone: 'better' },
    ]);
    expect(sizeRows(run(1, 4_000_000).result)[0]).not.toHaveProperty('tone');
  });

  it('say why loading takes more than the original did, and what avoids it', () => {
    const heavy = run(1, 1_000_000);
    expect(describeLoad(heavy)).toBe(
      'While the file loads, dense weights are computed from what is stored; exported for little memory, that is avoided.',
    );
    for (const choice of [{ aim: 'memory' }, { form: 'load' }])
      expect(describeLoad({ ...heavy, recipe: { export: choice } })).not.toContain('avoided');
    const memory = { estimatedResident: 1_000_000, estimatedLoad: 4_000_000 };
    expect(describeLoad({ ...heavy, result: { ...heavy.result, memory } })).toBeNull();
  });

  it('call accuracy only what has labels', () => {
    const names = (part: Partial<Timed>) => qualityRows(evaluation(part)).map(({ name }) => name);
    expect(names({})[0]).toBe('top-1 accuracy');
    expect(names({ metric: 'perplexity' })[0]).toBe('perplexity');
    expect(names({ metric: 'fidelity' })).toEqual(['agreement', 'KL divergence', 'cosine']);
    expect(describeData(evaluation({ metric: 'fidelity' }))).toContain('not accuracy');
    expect(describeData(evaluation({ metric: 'fidelity', data: 'generated' }))).toContain('generated inputs');
  });

  it('give shares in points, and perplexity as worse when it grows', () => {
    expect(qualityRows(evaluation())[0]).toMatchObject({ change: '−0.7 pt', tone: 'worse' });
    expect(qualityRows(evaluation({ after: 0.912 }))[0]).not.toHaveProperty('tone');
    expect(qualityRows(evaluation({ metric: 'perplexity', before: 5, after: 5.25 }))[0]).toMatchObject({
      change: '+5.0 %',
      tone: 'worse',
    });
  });

  it('give the interval of a difference, and say where it may be none', () => {
    const paired = (low: number, high: number) => {
      const difference = { mean: -0.007, standardError: (high - low) / 4, low, high };
      const uncertainty = { before: { low: 0.9, high: 0.923 }, after: { low: 0.892, high: 0.917 }, difference };
      return evaluation({ uncertainty: { top1: uncertainty } });
    };
    expect(qualityRows(paired(-0.011, -0.003))[0]).toMatchObject({
      change: '−0.7 ± 0.4 pt',
      tone: 'worse',
      spread: ['90.0–92.3', '89.2–91.7'],
    });
    const unclear = qualityRows(paired(-0.016, 0.002))[0]!;
    expect(unclear).toMatchObject({ change: '−0.7 ± 0.9 pt', changeNote: 'may be none' });
    expect(unclear).not.toHaveProperty('tone');
    expect(describeChange(paired(-0.016, 0.002))).toBe(
      'Top-1 accuracy: −0.7 ± 0.9 points, paired by sample, with 95 % confidence. It cannot be told apart from no change.',
    );
    expect(describeChange(paired(-0.011, -0.003))).toMatch(/confidence\.$/);
    expect(describeChange(evaluation())).toBeUndefined();
    expect(qualityRows(paired(-0.0079, -0.0061))[0]).toMatchObject({ change: '−0.7 ± 0.1 pt' });
    const difference = { mean: 0.031, standardError: 0.002, low: 0.027, high: 0.035 };
    const bits = evaluation({
      metric: 'bitsPerByte',
      before: 2.25,
      after: 2.281,
      uncertainty: { bitsPerByte: { difference } },
    });
    expect(qualityRows(bits)[0]).toMatchObject({
      original: '2.25 bits',
      compressed: '2.28 bits',
      change: '+0.031 ± 0.004',
      tone: 'worse',
    });
  });

  it('show for a map what fits a map', () => {
    const fidelity = { relativeError: 0.0312, psnr: 41.27, cosine: 0.9995, maxAbsolute: 3 };
    const map = evaluation({
      metric: 'fidelity',
      before: 0,
      after: 0.0312,
      fidelity,
      uncertainty: { relativeError: { after: { low: 0.0298, high: 0.0327 } } },
      outputs: [
        { name: 'depth', kind: 'map', counts: true, fidelity },
        { name: 'memory', kind: 'state', counts: false, fidelity: {} },
      ],
    });
    expect(qualityRows(map)).toMatchObject([
      { name: 'relative error', compressed: '0.0312', spread: ['', '0.0298–0.0327'] },
      { name: 'PSNR', compressed: '41.3 dB' },
      { name: 'cosine', compressed: '0.9995' },
    ]);
    expect(headline(map)).toBe('0.0312');
    expect(describeData(map)).toContain('Compared: depth (a map). Not counted: memory (a state).');
    expect(pointsOf([run(1, 1e6, map)], 1)).toMatchObject({ points: [{ value: 0 }, { value: 0.0312 }] });
  });

  it('call a latency better only outside of the spread', () => {
    expect(latencyRow(evaluation())).toMatchObject({
      change: '−20 %',
      tone: 'better',
      spread: ['9.00–12.0', '7.50–9.00'],
    });
    const near = { before: { median: 10, p10: 9, p90: 12 }, after: { median: 9.5, p10: 9, p90: 10 } };
    expect(latencyRow(evaluation({ latencyMs: near }))).not.toHaveProperty('tone');
    const slow = { before: near.before, after: { median: 13, p10: 12, p90: 15 } };
    expect(latencyRow(evaluation({ latencyMs: slow }))).toMatchObject({ tone: 'worse' });
  });

  it('never round a difference away to perfection', () => {
    const cosine = qualityRows(
      evaluation({ fidelity: { agreement: 1, majority: 0.2, kl: 2e-9, cosine: 1 - 3e-7, maxAbsolute: 0 } }),
    );
    expect(cosine.at(-1)!.compressed).toBe('0.9999997');
  });

  it.each([
    [0, '0'],
    [2e-9, '< 0.000001'],
    [0.00072, '0.00072'],
    [0.000999, '0.00100'],
    [0.0123, '0.0123'],
    [-1.5, '−1.50'],
    [12345, '12,300'],
  ])('write %d as %s, without an exponent', (value, text) => expect(formatFigure(value)).toBe(text));

  it('put agreement back where the original always gives one answer', () => {
    const fidelity = { agreement: 1, majority: 0.996, kl: 0.4, cosine: 0.61, maxAbsolute: 9 };
    const constant = evaluation({ metric: 'fidelity', data: 'generated', before: 1, after: 1, fidelity });
    const rows = qualityRows(constant);
    expect(rows.map(({ name }) => name)).toEqual(['cosine', 'KL divergence', 'agreement']);
    expect(rows[2]).toMatchObject({ quiet: true, tone: undefined });
    expect(describeMajority(constant)).toContain('at 99\u00a0% of the positions');
    expect(headline(constant)).toBe('0.6100');
    expect(pointsOf([run(1, 1e6, constant)], 1)).toMatchObject({
      metric: { name: 'cosine' },
      points: [{ value: 1 }, { value: 0.61 }],
    });
    // Labels say what agreement cannot, and answers that differ make it worth something.
    expect(agreementSaysLittle({ ...constant, metric: 'top1' })).toBe(false);
    expect(agreementSaysLittle({ ...constant, fidelity: { ...fidelity, majority: 0.9 } })).toBe(false);
    expect(describeData(constant)).toContain('Only real data tells');
  });
});

describe('what the panel says', () => {
  it('counts the samples, and of how many they are', () => {
    expect(describeData(evaluation({ samples: 2000 }))).toBe(
      'Measured with 2,000 samples of test.npz, labelled, on WASM.',
    );
    expect(describeData(evaluation({ samples: 64, samplesOf: 2000, provider: 'webgpu' }))).toBe(
      'Measured with 64 of 2,000 samples of test.npz, labelled, on WebGPU.',
    );
  });

  it('asks for the next step, and for none while one runs', () => {
    const idle = {
      job: undefined,
      compressed: false,
      measured: false,
      timed: false,
      ticked: 2,
      compressible: true,
    } as const;
    expect(describeState(idle)).toContain('press Compress');
    expect(describeState({ ...idle, ticked: 0 })).toContain('Tick');
    expect(describeState({ ...idle, ticked: 0, compressible: false })).toBeNull();
    expect(describeState({ ...idle, compressed: true })).toContain('Press Compare');
    expect(describeState({ ...idle, compressed: true, measured: true })).toBeNull();
    for (const job of ['compress', 'evaluate'] as const) {
      for (const measured of [false, true]) {
        expect(describeState({ ...idle, job, compressed: true, measured })).not.toMatch(/\bpress\b|\btick/i);
      }
    }
  });
});

describe('describeRun', () => {
  it('puts a recipe in a line', () => {
    expect(describeRun(run(1, 1))).toBe('svd size 50 % · 0 layers');
    const step = (layers: string, options: object) => ({ layers, method: 'svd', options });
    const words = (steps: object[]) => describeRun({ ...run(1, 1), recipe: { version: 1, steps } });
    expect(words([step('a', { size: 0.5 }), step('b', { size: 0.3 }), step('c', { size: 0.5 })])).toBe(
      'svd size 50 %, svd size 30 % · 0 layers',
    );
    expect(words([step('a', { energy: 0.999 }), { layers: 'a', method: 'half', options: {} }])).toBe(
      'svd energy 99.9 % → half · 0 layers',
    );
    expect(words([4, 8, 16, 32].map((rank) => step(`layer ${rank}`, { rank })))).toBe(
      'svd rank 4, svd rank 8, 2 more · 0 layers',
    );
  });
});

describe('describeAim', () => {
  const made = (aim: string | undefined, part: Partial<RunReport> = {}): RunReport => ({
    ...run(1, 1),
    recipe: { version: 1, steps: [], ...(aim && { export: { aim } }) },
    ...part,
  });

  it('says nothing where all figures are of what is chosen', () => {
    expect(describeAim(made(undefined), {})).toBeNull();
    expect(describeAim(made('file', { evaluatedFor: 'file' }), { export: { aim: 'file' } })).toBeNull();
  });

  it('says what sizes are of, and what an export writes', () => {
    expect(describeAim(made(undefined), { export: { aim: 'memory' } })).toBe(
      'Sizes are those of the model written for speed; an export writes it for little memory.',
    );
  });

  it('says what latency was measured of, once the model was written anew', () => {
    expect(
      describeAim(made('file', { evaluation: evaluation(), evaluatedFor: 'speed' }), { export: { aim: 'file' } }),
    ).toMatch(/Latency was measured on the model written for speed/);
  });
});

describe('describeRuns', () => {
  const steps = (ranks: readonly number[], layers = '*') =>
    ranks.map((rank, i) => ({ layers: layers === '*' ? `layer ${i}` : layers, method: 'svd', options: { rank } }));
  const made = (number: number, recipe: object, names: readonly string[] = ['a', 'b']): RunReport => {
    const { result } = run(number, 1);
    const layers = names.map((name) => ({ name })) as unknown as RunReport['result']['layers'];
    return { ...run(number, 1), recipe: { version: 1, ...recipe }, result: { ...result, layers } };
  };
  const wordsOf = (...runs: readonly RunReport[]) => [...describeRuns(runs).values()];

  it('is as short as it may be', () => {
    expect(wordsOf(made(1, { steps: steps([4], '*') }), made(2, { steps: steps([8], '*') }))).toEqual([
      'svd rank 4 · 2 layers',
      'svd rank 8 · 2 layers',
    ]);
  });

  it('tells stacks apart that a shortened list hides', () => {
    const [a, b] = wordsOf(made(1, { steps: steps([4, 8, 16, 32]) }), made(2, { steps: steps([4, 8, 16, 64]) }));
    expect([a, b]).toEqual([
      'svd rank 4, svd rank 8, svd rank 16, svd rank 32 · 2 layers',
      'svd rank 4, svd rank 8, svd rank 16, svd rank 64 · 2 layers',
    ]);
  });

  it('names layers, the aim or the seed where methods are alike', () => {
    const recipe = { steps: steps([4], '*') };
    expect(wordsOf(made(1, recipe, ['a', 'b']), made(2, recipe, ['c', 'd', 'e', 'f']))).toEqual([
      'svd rank 4 · 2 layers',
      'svd rank 4 · 4 layers',
    ]);
    expect(wordsOf(made(1, recipe, ['a', 'b']), made(2, recipe, ['c', 'd']))).toEqual([
      'svd rank 4 · 2 layers (a, b)',
      'svd rank 4 · 2 layers (c, d)',
    ]);
    expect(wordsOf(made(1, recipe), made(2, { ...recipe, export: { aim: 'file' } }))).toEqual([
      'svd rank 4 · 2 layers · written for speed',
      'svd rank 4 · 2 layers · written for a small file',
    ]);
    expect(wordsOf(made(1, recipe), made(2, { ...recipe, seed: 7 }))[1]).toBe('svd rank 4 · 2 layers · seed 7');
  });

  it('says where a run is the same as another', () => {
    const recipe = { steps: steps([4], '*') };
    expect(wordsOf(made(1, recipe), made(2, recipe))).toEqual([
      'svd rank 4 · 2 layers',
      'svd rank 4 · 2 layers · as run 1',
    ]);
  });
});

describe('histogramOf', () => {
  it('loses no sample and bins both alike', () => {
    const before = Array.from({ length: 100 }, (_, i) => 10 + (i % 10) * 0.1);
    const after = [...before.map((ms) => ms - 1), 500];
    const { bins, width, beyond } = histogramOf(before, after)!;
    const sum = (side: 'before' | 'after') => bins.reduce((total, bin) => total + bin[side], 0);
    expect(sum('before')).toBe(100);
    expect(sum('after') + beyond).toBe(101);
    expect(beyond).toBe(1);
    expect(bins[0].from).toBe(9);
    expect(bins.at(-1)!.from + width).toBeGreaterThan(10.9);
  });

  it('holds samples that are all the same, and none at all', () => {
    expect(histogramOf([2, 2], [2])!.bins[0]).toMatchObject({ before: 2, after: 1 });
    expect(histogramOf([], [])).toBeNull();
  });
});

describe('pointsOf', () => {
  const runs = [
    run(1, 2e6, evaluation({ after: 0.9 })),
    run(2, 1e6, evaluation({ after: 0.8 })),
    run(3, 1.5e6, evaluation({ metric: 'fidelity', data: 'generated', before: 1, after: 0.7 })),
    run(4, 3e6, evaluation({ after: 0.85 })),
    run(5, 3e6),
  ];

  it('keeps runs measured on other data apart', () => {
    const points = pointsOf(runs, 1)!;
    expect(points.points.map(({ run }) => run)).toEqual([null, 1, 2, 4]);
    expect(points.apart).toBe(1);
    expect(pointsOf(runs, 3)!.points.map(({ run }) => run)).toEqual([null, 3]);
    expect(pointsOf([], null)).toBeNull();
  });

  it('finds the runs that no other beats', () => {
    expect(frontier(pointsOf(runs, 1)!).map(({ run }) => run)).toEqual([2, 1, null]);
    const perplexity = [1, 2].map((n) =>
      run(n, n * 1e6, evaluation({ metric: 'perplexity', before: 5, after: 8 - n })),
    );
    expect(frontier(pointsOf(perplexity, 1)!).map(({ run }) => run)).toEqual([1, 2, null]);
  });
});
