import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { createCpuBackend } from '../../cpu/backend';
import { dense } from '../../operators/dense/dense';
import { normal } from '../../reference/random';
import { methodContext } from '../context.fixtures';
import { Factorisations } from '../factorisations';
import { svd } from './svd';

describe('svd', () => {
  const backend = createCpuBackend(nodeRuntime());
  afterAll(() => backend.dispose());
  // Rows of falling size, so that a small rank leaves less than all.
  const matrix = (rows: number, columns: number, fall: number) => {
    const values = Float32Array.from(
      normal(rows * columns, 1),
      (value, at) => value * fall ** Math.floor(at / columns),
    );
    return { values, leaf: dense([rows, columns], 'float32', async () => values, 'fc.weight') };
  };

  it('gives the same factors whether or not the spectrum was looked at before', async () => {
    const { values, leaf } = matrix(140, 120, 0.98);
    const looked = new Factorisations(backend);
    await looked.matrix(leaf, values);
    const dense = [];
    for (const factorisations of [looked, new Factorisations(backend)]) {
      const outcome = await svd.apply(leaf, { rank: 20 }, methodContext(factorisations));
      if (!('operator' in outcome)) throw new Error(outcome.skipped);
      dense.push(await outcome.operator.toDense());
    }
    expect(dense[0]).toEqual(dense[1]);
  });

  it('of a very large matrix takes the leading part alone, and says what that errs by', async () => {
    const { values, leaf } = matrix(2100, 2060, 0.995);
    const outcome = await svd.apply(leaf, { rank: 16 }, methodContext(new Factorisations(backend)));
    if (!('operator' in outcome)) throw new Error(outcome.skipped);
    expect(outcome.operator.form).toBe('lowRank 16');
    const rebuilt = await outcome.operator.toDense();
    let difference = 0;
    for (let at = 0; at < values.length; at++) difference += (values[at]! - rebuilt[at]!) ** 2;
    const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    expect(outcome.predicted).toBeGreaterThan(0.5);
    expect(Math.abs(Math.sqrt(difference) / norm - outcome.predicted!)).toBeLessThan(1e-5);
  });
});
