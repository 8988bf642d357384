import type { Backend } from '../backend/backend';
import { memorySource } from '../core/bytes';
import { Factorisations } from '../methods/factorisations';
import { methods } from '../methods/registry';
import { fixtures } from '../model/fixtures';
import { readModel } from '../model/model';
import type { Operator } from '../operators/operator';
import { compress } from './compress';
import { checkRecipe } from './schema';

/** Options of every method, cheap enough for small weights. A method that is missing here fails the test below. */
export const OPTIONS: Readonly<Record<string, readonly object[]>> = {
  svd: [
    { rank: 4 },
    { size: 0.6 },
    { error: 0.5 },
    { energy: 0.8 },
    { size: 0.5, whiten: 'full' },
    { error: 0.5, whiten: 'diagonal' },
  ],
  'tensor-train': [{ bond: 3 }, { size: 0.5 }, { sites: 2, error: 0.6 }, { size: 0.5, whiten: 'diagonal' }],
  'low-rank-plus-sparse': [{ size: 0.6 }, { size: 0.5, rankShare: 0.4 }],
  prune: [
    { sparsity: 0.7 },
    { size: 0.4 },
    { sparsity: 0.6, score: 'wanda' },
    { sparsity: 0.6, score: 'sparsegpt' },
    { sparsity: 0.5, pattern: { n: 2, m: 4 } },
    { sparsity: 0.75, pattern: { block: [4, 4] } },
    { sparsity: 0.7, scope: 'model' },
    { scope: 'model', pattern: 'block', rows: 4, columns: 4, size: 0.4 },
  ],
  'prune-structured': [{ size: 0.6 }, { size: 0.5, unit: 'channels' }],
  'drop-blocks': [{}],
  quantize: [
    { bits: 8 },
    { bits: 4, groupSize: 16 },
    { bits: 2, groupSize: 16 },
    { bits: 4, groupSize: 0, symmetric: true },
    { bits: 4, groupSize: 16, rounding: 'gptq' },
    { bits: 4, groupSize: 16, rounding: 'awq' },
  ],
  cluster: [{ values: 16 }, { values: 5 }, { values: 16, scope: 'model' }],
  share: [{ size: 0.4 }, { size: 0.3, seed: 7 }],
  half: [{}],
};

/** One model for each ONNX operator and shape of a weight. */
const ONE_OF_EACH = [...new Map(fixtures().map((fixture) => [`${fixture.op} ${fixture.shape}`, fixture])).values()];

export type LayerKind = 'matrices' | 'kernels';

/** What each stack of `first` and another method makes of each layer of a kind, once where several make the same. */
export async function operatorsAfter(first: string, of: LayerKind, backend: Backend): Promise<Map<string, Operator>> {
  const found = new Map<string, Operator>();
  for (const fixture of ONE_OF_EACH.filter(({ shape }) => (shape.length > 2 ? 'kernels' : 'matrices') === of)) {
    // Factorisations are known by the layer's id: those of one model are no other's.
    const context = { factorisations: new Factorisations(backend) };
    const model = await readModel(memorySource(fixture.bytes, 'model.onnx'));
    for (const { name: second } of methods) {
      const steps = [first, second].map((method) => ({ layers: '*', method, options: OPTIONS[method]![0]! }));
      const { operators } = await compress(model, checkRecipe({ version: 1, steps }), context);
      for (const operator of operators.values()) {
        found.set(`${fixture.name}: ${operator.form} [${operator.shape}]`, operator);
      }
    }
  }
  return found;
}
