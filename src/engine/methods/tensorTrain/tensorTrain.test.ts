import { afterAll, describe, expect, it } from 'vitest';
import { seeded } from '../../core/random';
import { truncationError } from '../../linalg/spectrum';
import type { Dense, Operator } from '../../operators/operator';
import { product } from '../../operators/product';
import { normal } from '../../reference/random';
import { sitesFor, type TensorTrainOptions, tensorTrain } from './tensorTrain';
import { backend, context, errorOf, leafOf, made, random } from './tensorTrain.fixtures';

afterAll(() => backend.dispose());

/** Σ A ⊗ B ⊗ …, `terms` of them, of factors [out, in]. */
function kronecker(out: readonly number[], inner: readonly number[], terms: number): Float32Array<ArrayBuffer> {
  const [rows, columns] = [out, inner].map((sizes) => sizes.reduce((all, size) => all * size, 1)) as [number, number];
  const values = new Float32Array(rows * columns);
  for (let term = 0; term < terms; term++) {
    let [height, width, whole] = [1, 1, Float64Array.of(1)];
    out.forEach((m, site) => {
      const n = inner[site]!;
      const factor = normal(m * n, 31 * term + site);
      const next = new Float64Array(whole.length * m * n);
      for (let at = 0; at < next.length; at++) {
        const [row, column] = [Math.floor(at / (width * n)), at % (width * n)];
        next[at] = whole[Math.floor(row / m) * width + Math.floor(column / n)]! * factor[(row % m) * n + (column % n)]!;
      }
      [height, width, whole] = [height * m, width * n, next];
    });
    whole.forEach((value, at) => {
      values[at]! += value;
    });
  }
  return values;
}

describe('tensor-train', () => {
  it.each<[string, TensorTrainOptions]>([
    ['a bond', { bond: 9 }],
    ['two sites', { sites: 2, bond: 20 }],
    ['four sites', { sites: 4, bond: 12 }],
    ['bonds', { ranks: [7, 11] }],
    ['an error', { error: 0.6 }],
    ['a size', { size: 0.4 }],
    ['a size of two sites', { sites: 2, size: 0.4 }],
    ['factors', { factors: { out: [6, 8], in: [16, 4] }, bond: 12 }],
  ])('errs by what it discards: %s', async (_, options) => {
    const values = random([48, 64]).map((value, at) => value * 0.9 ** Math.floor(at / 64));
    const leaf = leafOf([48, 64], values);
    const { operator, predicted } = await made(leaf, options);
    const measured = await errorOf(operator, leaf);
    expect(measured).toBeGreaterThan(0.05);
    expect(Math.abs(measured ** 2 - predicted! ** 2)).toBeLessThanOrEqual(1e-3 * measured ** 2 + 1e-10);
    if (options.error) expect(measured).toBeLessThanOrEqual(options.error * 1.0001);
    const plan = tensorTrain.plan(leaf, options, context);
    if (options.error) expect(plan).toBe('unknown');
    else if (plan === 'unknown' || 'skipped' in plan) throw new Error('not planned');
    else if (options.size && options.sites !== 2) {
      // Even bonds, until the spectra say otherwise.
      expect(Math.abs(plan.bytes / operator.bytes - 1)).toBeLessThan(0.1);
      const train = await tensorTrain.measure!('w', leaf, options, context.factorisations, {});
      expect(tensorTrain.plan(leaf, options, { ...context, train })).toMatchObject({ form: operator.form });
      expect(operator.bytes).toBeLessThanOrEqual(options.size * leaf.bytes);
    } else {
      expect([plan.form, plan.bytes, plan.multiplyAdds]).toEqual([
        operator.form,
        operator.bytes,
        operator.multiplyAdds,
      ]);
    }
  });

  it('finds a sum of Kronecker products at its true bonds, by error and by size', async () => {
    const factors = { out: [4, 6, 4], in: [5, 4, 6] };
    const leaf = leafOf([96, 120], kronecker(factors.out, factors.in, 3));
    for (const options of [
      { factors, error: 1e-5 },
      { factors, size: 0.3 },
      { factors, bond: 3 },
    ]) {
      const { operator } = await made(leaf, options);
      expect(operator.form).toBe('tensorTrain 3·3');
      // Float32 rounding of cores and of sums over bonds.
      expect(await errorOf(operator, leaf)).toBeLessThan(1e-5);
    }
    const spectrum = await tensorTrain.measure!('w', leaf, { factors, bond: 1 }, context.factorisations, {});
    for (const { values, entropy, effectiveBond } of spectrum.cuts) {
      expect(truncationError(values, 3)).toBeLessThan(1e-6);
      expect(Math.exp(entropy)).toBeCloseTo(effectiveBond, 9);
      expect(effectiveBond).toBeGreaterThan(1.5);
      expect(effectiveBond).toBeLessThan(3.0001);
    }
  });

  it('gives the bonds a size by what they carry, which errs less than even bonds', async () => {
    // All there can be across the first cut, one direction and some noise across the second.
    const factors = { out: [4, 8, 8], in: [4, 8, 8] };
    const [rows, columns] = [256, 256];
    const [first, last, noise] = [random([32, 32], 3), random([8, 8], 4), random([rows, columns], 5)];
    const values = noise.map((value, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      return first[(row >> 3) * 32 + (column >> 3)]! * last[(row % 8) * 8 + (column % 8)]! + 0.05 * value;
    });
    const leaf = leafOf([rows, columns], values);
    const greedy = await made(leaf, { factors, size: 0.05 });
    const even = tensorTrain.plan(leaf, { factors, size: 0.05 }, context) as Operator;
    const bonds = even.form.replace('tensorTrain ', '').split('·').map(Number);
    const evenly = await made(leaf, { factors, ranks: bonds });
    expect(greedy.operator.form).not.toBe(evenly.operator.form);
    expect(greedy.predicted!).toBeLessThan(evenly.predicted!);
  });

  it('any shape, primes among them, in both types: crops what it pads, and gets no larger', async () => {
    const source = seeded(5);
    for (let round = 0; round < 40; round++) {
      const shape = [1 + source.below(60), 1 + source.below(60)];
      if (round % 4 === 0) shape.push(1 + source.below(3), 1 + source.below(3));
      const type = round % 2 === 0 ? 'float32' : 'float16';
      const leaf = leafOf(shape, random(shape, round), type);
      const sites = ([2, 3, 4] as const)[source.below(3)]!;
      const options = [
        { sites, bond: 1 + source.below(6) },
        { sites, size: 0.7 },
        { sites, error: 0.8 },
      ][round % 3]!;
      const place = `[${shape}] ${JSON.stringify(options)}`;
      const outcome = await tensorTrain.apply(leaf, options, context);
      if ('skipped' in outcome) {
        expect(outcome.skipped, place).toMatch(/would not get smaller/);
        continue;
      }
      const { operator, predicted } = outcome;
      expect(operator.shape, place).toEqual(shape);
      expect(operator.bytes, place).toBeLessThan(leaf.bytes);
      const measured = await errorOf(operator, leaf);
      expect(measured, place).toBeLessThan(1.001);
      if (options.error) expect(measured, place).toBeLessThan(options.error + 1e-3);
      // Half precision: five times what three to four roundings come to.
      if (predicted !== undefined) expect(Math.abs(measured - predicted), place).toBeLessThan(1e-3 * predicted + 1e-3);
      const { out, in: inner } = sitesFor(leaf, options);
      const made = [out, inner].map((sizes) => sizes.reduce((all, size) => all * size, 1));
      const side = shape.slice(1).reduce((all, size) => all * size, 1);
      expect(operator.form.includes('padded'), place).toBe(made[0] !== shape[0] || made[1] !== side);
    }
  });

  it('errs at 30 % of the parameters as theory has it: only index structure pays', async () => {
    const n = 128;
    const square = (values: Float32Array<ArrayBuffer>) => leafOf([n, n], values);
    const noise = square(random([n, n], 7));
    const falling = product(
      random([n, n], 8).map((value, at) => value / (1 + (at % n))),
      random([n, n], 9),
      n,
      n,
      n,
    );
    const sum = square(kronecker([8, 16], [16, 8], 5));
    const svdError = async (leaf: Dense) => {
      const { values } = await context.factorisations.matrix(leaf, (await leaf.toDense()) as Float32Array<ArrayBuffer>);
      return truncationError(values, Math.floor((0.3 * n * n) / (2 * n)));
    };
    const trainError = async (leaf: Dense, sites: 2 | 3) => {
      const factors = sites === 2 ? { factors: { out: [8, 16], in: [16, 8] } } : {};
      return (await made(leaf, { sites, size: 0.3, ...factors })).predicted!;
    };
    // Noise is as incompressible one way as the other: about √(1 − a bit more than the share), and more sites do worse.
    const [ofNoise, twoSites, threeSites] = [
      await svdError(noise),
      await trainError(noise, 2),
      await trainError(noise, 3),
    ];
    expect(Math.abs(ofNoise - 0.75)).toBeLessThan(0.03);
    expect(Math.abs(twoSites - ofNoise)).toBeLessThan(0.02);
    expect(threeSites).toBeGreaterThan(twoSites + 0.02);
    // Falling singular values help the SVD alone.
    const smooth = square(falling);
    expect(await svdError(smooth)).toBeLessThan(0.3);
    expect(await trainError(smooth, 2)).toBeGreaterThan(0.5);
    // A sum of Kronecker products is found by the train alone.
    expect(await trainError(sum, 2)).toBeLessThan(1e-4);
    expect(await svdError(sum)).toBeGreaterThan(0.5);
  });

  it('can be cancelled, and says what does not fit', async () => {
    const leaf = leafOf([48, 64], random([48, 64]));
    const signal = AbortSignal.abort();
    await expect(made(leaf, { bond: 4 }, { signal })).rejects.toThrow('abort');
    expect(await tensorTrain.apply(leaf, { bond: 60 }, context)).toEqual({
      skipped: 'would not get smaller: a train with bonds 16·16 stores as much as the dense weight or more',
    });
    const factors = { out: [4, 8], in: [8, 8] };
    expect(await tensorTrain.apply(leaf, { factors, bond: 2 }, context)).toEqual({
      skipped: 'the factors 4·8 make 32 outputs where the layer has 48',
    });
    const problems = (given: object) =>
      tensorTrain.options.safeParse(given).error?.issues.map(({ message }) => message);
    expect(problems({ bond: 3, size: 0.5 })).toEqual(['must have exactly one of bond, ranks, error, size']);
    expect(problems({ ranks: [3] })).toEqual(['must have one number for each bond, one less than there are sites']);
    expect(problems({ factors: { out: [4], in: [4] }, bond: 3 })).toEqual([
      'must have as many numbers in out as in in, and at least two',
    ]);
  });

  it('advises of the form, of padding and of flat spectra', async () => {
    const leaf = leafOf([509, 512], random([509, 512]));
    const said = tensorTrain.advice!(leaf, { size: 0.5 }, context);
    expect(said.join(' ')).toMatch(/faster than the dense product up to bonds of \d+/);
    expect(said.join(' ')).toContain('509×512 has awkward factors: padded with zeros to 512×512, 0.6 % more');
    expect(said.join(' ')).toMatch(/A truncated SVD of the same size has rank 12\d\./);
    const small = leafOf([32, 32], random([32, 32]));
    const train = await tensorTrain.measure!('w', small, { bond: 1 }, context.factorisations, {});
    expect(tensorTrain.advice!(small, { bond: 2 }, { ...context, train }).join(' ')).toContain('Its spectra are flat');
    expect(tensorTrain.advice!(small, { bond: 2 }, { ...context, op: 'Conv' })[0]).toBe(
      'Rebuilt when the model loads: saves storage, not time.',
    );
  });
});
