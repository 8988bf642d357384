import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import type { Backend, Count } from '../backend/backend';
import { createCpuBackend } from '../cpu/backend';
import { dense } from '../operators/dense/dense';
import { normal } from '../reference/random';
import { Factorisations } from './factorisations';

describe('Factorisations', () => {
  const cpu = createCpuBackend(nodeRuntime());
  afterAll(() => cpu.dispose());
  const [rows, columns] = [40, 30];
  const weight = (key: string, seed = 1) => {
    const values = Float32Array.from(normal(rows * columns, seed));
    return { values, leaf: dense([rows, columns], 'float32', async () => values, key) };
  };
  /** The backend, and how many vectors it was asked for at each factorisation. */
  const counting = () => {
    const asked: (number | undefined)[] = [];
    const backend: Backend = {
      ...cpu,
      async leftSingularVectors(a, call = {}) {
        const { count } = call;
        const found = await cpu.leftSingularVectors(a, call);
        asked.push(count === undefined ? undefined : found.vectors.rows);
        return found;
      },
    };
    return { backend, asked };
  };
  const rowsOf = (basis: Float32Array) => basis.length / columns;

  it('makes whole bases once, for whoever tries one rank after the other', async () => {
    const { backend, asked } = counting();
    const { leaf, values } = weight('a');
    const factorisations = new Factorisations(backend);
    for (const count of [3, 20, (sigma: Float64Array) => sigma.length, undefined]) {
      const call = count === undefined ? {} : { count: count as Count };
      expect(rowsOf((await factorisations.matrix(leaf, values, call)).basis)).toBe(columns);
    }
    expect(asked).toEqual([undefined]);
  });

  it('makes no vectors for a spectrum, and does not count it as kept', async () => {
    const { backend, asked } = counting();
    const { leaf, values } = weight('a');
    const factorisations = new Factorisations(backend);
    const spectrum = await factorisations.matrix(leaf, values, { count: 0 });
    expect([rowsOf(spectrum.basis), factorisations.has('a')]).toEqual([0, false]);
    const whole = await factorisations.matrix(leaf, values);
    expect(whole.values).toEqual(spectrum.values);
    expect(factorisations.has('a')).toBe(true);
    expect(await factorisations.matrix(leaf, values, { count: 0 })).toBe(whole);
    expect(asked).toEqual([0, undefined]);
  });

  it('of a run makes what is asked for, the same as of the whole', async () => {
    const { backend, asked } = counting();
    const { leaf, values } = weight('a');
    const run = new Factorisations(backend).forRun();
    const part = await run.matrix(leaf, values, { count: 7 });
    expect(await run.matrix(leaf, values, { count: 5 })).toBe(part);
    const more = await run.matrix(leaf, values, { count: (sigma) => (sigma[0]! > 0 ? 9 : 1) });
    expect(asked).toEqual([7, 9]);
    const whole = await new Factorisations(cpu).matrix(leaf, values);
    for (const { basis } of [part, more]) expect(basis).toEqual(whole.basis.slice(0, basis.length));
  });

  it('shares what is kept with runs, within the budget', async () => {
    const { backend, asked } = counting();
    const [a, b, c] = ['a', 'b', 'c'].map((key, i) => weight(key, i));
    // Two bases and their values, not three.
    const factorisations = new Factorisations(backend, 2.5 * (columns * columns * 4 + columns * 8));
    const run = factorisations.forRun();
    for (const { leaf, values } of [a!, b!]) await factorisations.matrix(leaf, values);
    await run.matrix(a!.leaf, a!.values, { count: 3 });
    await factorisations.matrix(c!.leaf, c!.values);
    expect(['a', 'b', 'c'].map((key) => run.has(key))).toEqual([true, false, true]);
    expect(asked).toHaveLength(3);
  });
});
