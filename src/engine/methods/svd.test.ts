import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { dense } from '../operators/dense';
import { normal } from '../reference/random';
import { Factorisations } from './factorisations';
import { svd } from './svd';

describe('svd of a large matrix', () => {
  const backend = createCpuBackend(nodeRuntime());
  afterAll(() => backend.dispose());
  const [rows, columns] = [560, 512];
  // Rows of falling size, so that a rank of 20 leaves less than all.
  const values = Float32Array.from(normal(rows * columns, 1), (value, at) => value * 0.99 ** Math.floor(at / columns));
  const leaf = dense([rows, columns], 'float32', async () => values, 'fc.weight');

  it.each([{ rank: 20 }, { size: 0.075 }])(
    'takes the leading part alone, as good as from the whole: %o',
    async (budget) => {
      const factorisations = new Factorisations(backend);
      const alone = await svd.apply(leaf, budget, { factorisations });
      expect(factorisations.has(leaf)).toBe(false);
      await factorisations.matrix(leaf, values);
      expect(factorisations.has(leaf)).toBe(true);
      const fromWhole = await svd.apply(leaf, budget, { factorisations });
      if (!('operator' in alone && 'operator' in fromWhole)) throw new Error('It was left out.');
      expect(alone.operator.form).toBe('lowRank 20');
      expect(fromWhole.operator.form).toBe('lowRank 20');
      expect(alone.predicted).toBeGreaterThan(0.5);
      // What truncatedSvd promises, on both sides: nothing of the same rank is better than the whole's.
      expect(alone.predicted / fromWhole.predicted).toBeLessThan(1.0005);
      expect(alone.predicted / fromWhole.predicted).toBeGreaterThan(1 - 1e-6);
      const rebuilt = await alone.operator.toDense();
      let difference = 0;
      for (let at = 0; at < values.length; at++) difference += (values[at] - rebuilt[at]) ** 2;
      const norm = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
      expect(Math.abs(Math.sqrt(difference) / norm - alone.predicted)).toBeLessThan(1e-5);
    },
  );
});
