import { describe, expect, it } from 'vitest';
import type {
  CompressedLayerReport,
  LayerReport,
  LayerSpectrum,
  MatrixSpectrum,
  StepReport,
  TuckerSpectrum,
} from '../engine/project/engine';
import { breakEven, cutOf, errorsAtSizes, isEstimated, maxRank, operatorAfter, planOf, predictedError } from './cost';
import type { Stack } from './store';
import { layerToTry, measuredBy, totalCost } from './studioCosts';

const layer = (shape: number[], op = 'MatMul'): LayerReport => {
  const parameters = shape.reduce((product, size) => product * size, 1);
  return {
    id: shape.join('x'),
    name: shape.join('x'),
    weight: 'w',
    op,
    shape,
    parameters,
    bytes: 4 * parameters,
    dtype: 'float32',
    compressible: true,
    consumers: [],
  };
};
const matrix = (id: string, values: number[]): MatrixSpectrum => ({
  kind: 'matrix',
  id,
  values: Float64Array.from(values),
  effectiveRank: 1,
});

const known = (...spectra: LayerSpectrum[]) => ({
  opset: 17,
  spectra: new Map(spectra.map((spectrum) => [spectrum.id, spectrum])),
});

const svd = (options: Record<string, number | string>): Stack => [{ method: 'svd', options }];
const half: Stack = [{ method: 'half', options: {} }];

describe('break-even', () => {
  it.each([[[1024, 256]], [[160, 160]], [[10, 256]], [[48, 16, 3, 3]], [[16, 1, 3, 3]], [[40, 48, 1, 1]]])(
    'of %j is the last rank that saves',
    (shape) => {
      const dense = layer(shape);
      const even = breakEven(dense, 17);
      const saves = (rank: number) => planOf(dense, known(), svd({ rank })).steps[0].skipped === undefined;
      if (even > 0) expect(saves(even)).toBe(true);
      if (even < maxRank(dense)) expect(saves(even + 1)).toBe(false);
    },
  );
});

describe('a matrix', () => {
  const dense = layer([256, 256]);
  const spectrum = matrix(dense.id, [4, 2, 1, ...new Array(253).fill(0)]);
  it('costs r(m+n), and loses what the tail holds', () => {
    const plan = planOf(dense, known(spectrum), svd({ rank: 2 }));
    expect(operatorAfter(plan)).toMatchObject({ form: 'lowRank 2', parameters: 1024 });
    expect(predictedError(plan)).toBeCloseTo(Math.sqrt(1 / 21), 12);
    expect(cutOf(dense, known(spectrum), svd({ rank: 2 }))).toMatchObject({ ranks: [2], smaller: true });
    // A cut is drawn where it does not pay, too.
    expect(cutOf(dense, known(spectrum), svd({ rank: 200 }))).toMatchObject({ ranks: [200], smaller: false });
    expect(cutOf(dense, known(spectrum), half)).toBeUndefined();
  });
  it('has no known size for an error before its spectrum is there, but one for a size', () => {
    expect(operatorAfter(planOf(dense, known(), svd({ error: 0.1 })))).toBeUndefined();
    const plan = planOf(dense, known(), svd({ size: 0.5 }));
    expect(operatorAfter(plan)).toMatchObject({ form: 'lowRank 64' });
    expect(predictedError(plan)).toBeUndefined();
  });
  it('gets a step more, and what the steps add is as good as orthogonal', () => {
    const plan = planOf(dense, known(spectrum), [...svd({ rank: 2 }), ...half]);
    expect(operatorAfter(plan, 1)!.bytes).toBe(4096);
    expect(operatorAfter(plan)!.bytes).toBe(2048);
    expect(predictedError(plan)).toBeGreaterThan(predictedError(plan, 1)!);
  });
  it('is planned up to a step that is refused, which says why', () => {
    const plan = planOf(dense, known(spectrum), [...half, ...svd({ rank: 2, size: 0.5 }), ...half]);
    expect(plan.steps).toHaveLength(1);
    expect(plan.fault).toBe('must have exactly one of rank, energy, error, size');
  });
  it('shows its error at four sizes, never falling', () => {
    const errors = errorsAtSizes(dense, spectrum);
    expect(errors).toHaveLength(4);
    for (let i = 1; i < 4; i++) expect(errors[i]).toBeGreaterThanOrEqual(errors[i - 1]);
  });
});

it('a convolution loses the energy outside the block that is kept', () => {
  const dense = layer([16, 16, 3, 3], 'Conv');
  // Core energies [[4, 1], [0, 3]], and nothing beyond, as the sums over leading blocks.
  const sums = [
    [0, 0, 0],
    [0, 4, 5],
    [0, 4, 8],
  ];
  const values = (...first: number[]) => Float64Array.from({ length: 16 }, (_, i) => first[i] ?? 0);
  const spectrum: TuckerSpectrum = {
    kind: 'tucker',
    id: dense.id,
    outValues: values(Math.sqrt(5), Math.sqrt(3)),
    inValues: values(2, 2),
    energy: Float64Array.from(
      { length: 17 * 17 },
      (_, i) => sums[Math.min(2, Math.floor(i / 17))][Math.min(2, i % 17)],
    ),
    effectiveRank: 2,
  };
  expect(cutOf(dense, known(spectrum), svd({ rank: 1 }))?.ranks).toEqual([1, 1]);
  expect(cutOf(dense, known(spectrum), svd({ rank: 1, whiten: 'full' }))).toBeUndefined();
  const plan = planOf(dense, known(spectrum), svd({ rank: 1 }));
  expect(operatorAfter(plan)?.parameters).toBe(16 + 9 + 16);
  expect(predictedError(plan)).toBeCloseTo(Math.sqrt(0.5), 12);
});

it('of several layers, those that would not get smaller count as they are', () => {
  const large = layer([64, 64]);
  const tiny = layer([2, 2]);
  const total = totalCost([large, tiny], {
    opset: 17,
    spectra: new Map(),
    stacks: new Map([
      [large.id, svd({ size: 0.5 })],
      [tiny.id, svd({ rank: 2 })],
    ]),
  });
  expect(total).toMatchObject({ skipped: 1, unknown: 0 });
  expect(total.after.parameters).toBe(16 * 128 + 4);
});

it('tells of a step that leaves what the step before made', () => {
  const given = layer([64, 64]);
  const pruned: Stack[number] = { method: 'prune', options: { sparsity: 0.5 } };
  const totalOf = (rounding: string, count: number) => {
    const stack: Stack = [pruned, { method: 'quantize', options: { bits: 4, rounding } }];
    return totalCost([given], { opset: 17, spectra: new Map(), stacks: new Map([[given.id, stack]]) }, count);
  };
  expect(totalOf('nearest', 2)).toMatchObject({ idle: 0, idled: undefined, skipped: 0 });
  expect(totalOf('gptq', 1)).toMatchObject({ idle: 0, skipped: 0 });
  const total = totalOf('gptq', 2);
  expect(total).toMatchObject({ idle: 1, skipped: 0 });
  expect(total.idled!.reason).toMatch(/^needs statistics of its inputs, and none reach what sparse 50/);
  // Some ten nodes to put the values in their places.
  expect(total.graph).toBeGreaterThan(300);
  expect(total.graph).toBeLessThan(2000);
});

it('counts the multiply-adds of the exported model: those of the dense weight where it is rebuilt', () => {
  const dense = layer([64, 64]);
  const adds = (stack: Stack, aim?: 'memory', given = dense) =>
    totalCost([given], { opset: 17, spectra: new Map(), stacks: new Map([[given.id, stack]]), aim }).after.multiplyAdds;
  expect(adds(svd({ rank: 8 }))).toBe(8 * 128);
  const prune: Stack = [{ method: 'prune', options: { sparsity: 0.9 } }];
  expect(adds(prune)).toBe(64 * 64);
  // The factors' zeros are rebuilt, the product of the factors is not.
  expect(adds([...svd({ rank: 8 }), ...prune])).toBe(8 * 128);
  const train: Stack = [{ method: 'tensor-train', options: { size: 0.5 } }];
  expect(adds(train)).toBe(64 * 64);
  // For little memory it is contracted all the same.
  expect(adds(train, 'memory')).toBeGreaterThan(64 * 64);
  const grouped = { ...layer([64, 8, 1, 1], 'Conv'), grouped: true as const };
  expect(adds(svd({ rank: 2 }), undefined, grouped)).toBe(64 * 8);
});

it('counts the layers whose error is above half of their norm, and not those that stay as they are', () => {
  const flat = layer([64, 64]);
  const steep = layer([64, 63]);
  const small = layer([2, 2]);
  const spectra = new Map([
    [flat.id, matrix(flat.id, new Array(64).fill(1))],
    [
      steep.id,
      matrix(
        steep.id,
        Array.from({ length: 63 }, (_, i) => 10 ** -i),
      ),
    ],
    [small.id, matrix(small.id, [1, 1])],
  ]);
  const stacks = new Map([flat, steep, small].map(({ id }) => [id, svd({ rank: 1 })]));
  const total = totalCost([flat, steep, small], { opset: 17, spectra, stacks });
  expect(total.heavy).toBe(1);
  expect(total.worst?.layer).toBe(flat);
  // √(63/64): all but one of 64 equal singular values.
  expect(total.worst?.error).toBeCloseTo(Math.sqrt(63 / 64), 12);
});

describe('errors that a run has measured', () => {
  const [one, other] = [layer([64, 64]), layer([64, 63])];
  const prune: Stack = [{ method: 'prune', options: { sparsity: 0.5 } }];
  const plans = { opset: 17, spectra: new Map(), stacks: new Map([one, other].map(({ id }) => [id, prune])) };
  const step = (error: number) => ({ error }) as StepReport;
  const result = {
    layers: [{ name: one.name, steps: [step(0.3), step(0.6)] } as unknown as CompressedLayerReport],
    skipped: [{ name: other.name, reason: 'no' }],
  };

  it('are taken where the same steps ran, and none other', () => {
    expect(totalCost([one, other], plans).worst).toBeUndefined();
    const measured = measuredBy(result, new Map([one, other].map(({ id }) => [id, [...prune, ...half]])));
    expect(totalCost([one, other], { ...plans, measured })).toMatchObject({
      worst: { layer: one, error: 0.3, measured: true },
      errors: 2,
      heavy: 0,
    });
    expect(measured(one, [...prune, ...half], 2)).toBe(0.6);
    expect(measured(one, half, 1)).toBeUndefined();
    expect(measured(one, [...prune, ...half, ...half], 3)).toBeUndefined();
    expect(measured(layer([3, 3]), prune, 1)).toBeUndefined();
  });
});

it('a train told a size is an estimate until the spectra of its cuts are there', () => {
  const dense = layer([64, 64]);
  const train: Stack = [{ method: 'tensor-train', options: { size: 0.5 } }];
  const before = planOf(dense, known(), [...train, ...half]);
  expect([isEstimated(before, 1), isEstimated(before)]).toEqual([true, true]);
  // One cut is flat and the other steep: the bonds are anything but even.
  const cut = (values: number[]) => ({ values: Float64Array.from(values), entropy: 0, effectiveBond: 1 });
  const spectrum = {
    kind: 'train' as const,
    id: dense.id,
    sites: { out: [4, 4, 4], in: [4, 4, 4] },
    cuts: [cut(new Array(16).fill(1)), cut(Array.from({ length: 16 }, (_, i) => 10 ** -i))],
  };
  const after = planOf(dense, { ...known(), trains: new Map([[dense.id, spectrum]]) }, train);
  expect(isEstimated(after)).toBe(false);
  expect(operatorAfter(after)!.form).not.toBe(operatorAfter(before, 1)!.form);
  expect(isEstimated(planOf(dense, known(), [{ method: 'tensor-train', options: { bond: 4 } }]))).toBe(false);
});

it('a trial is made on the first layer that the steps take', () => {
  const table = { ...layer([64, 32], 'Gather'), noInput: 'its input is an index' };
  const [tiny, large] = [layer([2, 2]), layer([64, 64])];
  const all = [table, tiny, large];
  const plans = (stack: Stack) => ({ ...known(), stacks: new Map(all.map(({ id }) => [id, stack])) });
  expect(layerToTry([table, large], plans([{ method: 'prune', options: { sparsity: 0.5, score: 'wanda' } }]), 0)).toBe(
    large,
  );
  expect(layerToTry(all, plans([{ method: 'prune', options: { sparsity: 0.5 } }]), 0)).toBe(table);
  expect(layerToTry([table, tiny], plans([{ method: 'svd', options: { rank: 2, whiten: 'full' } }]), 0)).toBe(table);
  expect(layerToTry(all, plans([{ method: 'svd', options: { rank: 2, whiten: 'full' } }]), 0)).toBe(large);
  // Of two steps the table takes the one in view, and not the other.
  const two = plans([...half, { method: 'prune', options: { sparsity: 0.5, score: 'wanda' } }]);
  expect(layerToTry([table, large], two, 0)).toBe(large);
  expect(layerToTry([table, tiny], two, 0)).toBe(table);
  // A layer with steps of its own shows nothing of these.
  const own = {
    ...known(),
    stacks: new Map([[table.id, [{ method: 'svd', options: { size: 0.5, whiten: 'full' } }]]]),
  };
  expect(layerToTry([table, large], own, 0)).toBe(table);
});
