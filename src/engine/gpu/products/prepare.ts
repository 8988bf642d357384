import type { Weight, WeightMaker } from '../../backend/weights';
import { blockWeight } from './blocks';
import { chainOf } from './chain';
import { codebookWeight } from './codebook';
import { columnPartsWeight } from './columnParts';
import { denseWeight } from './dense';
import { groupWeight } from './groups';
import { hashedWeight } from './hashed';
import type { PreparedForm, Product, ProductContext } from './product';
import { quantizedWeight } from './quantized';
import { scaledWeight } from './scaled';
import { sparseWeight } from './sparse';
import { sumOf } from './sum';
import { applyToPanels } from './tokenPanels';

/** Lays weights out on a device. */
export const gpuWeights = (context: ProductContext): WeightMaker<PreparedForm> => ({
  dense: (weight) => denseWeight(context, weight),
  quantized: (weight) => quantizedWeight(context, weight),
  codebook: (weight) => codebookWeight(context, weight),
  sparse: (weight) => sparseWeight(context, weight),
  groups: (weight) => groupWeight(context, weight),
  blocks: (weight) => blockWeight(context, weight),
  hashed: (weight) => hashedWeight(context, weight),
  chain: chainOf,
  sum: sumOf,
  scaled: (inner, scales) => scaledWeight(context, inner, scales),
  columnParts: (parts) => columnPartsWeight(context, parts),
});

/**
 * Prepares a weight on the device in its own form and compiles the kernels that multiply by it. Throws a RangeError
 * where its arrays contradict each other, and a UserError where a row of it is more than the adapter can bind.
 */
export async function prepare(context: ProductContext, weight: Weight): Promise<Product> {
  const { buffers, dispatcher, pace } = context;
  const { kernels, pieces: _, ...prepared } = await weight.prepare(gpuWeights(context));
  await dispatcher.pipelines.prepare(...new Set(kernels)).catch((error) => {
    prepared.free();
    throw error;
  });
  const { rows, columns } = prepared;
  const product: Product = {
    ...prepared,
    applyToPanels: (x, call) => applyToPanels(context, product, x, call),
    async apply(x, tokens, call) {
      if (!Number.isInteger(tokens) || tokens < 1 || x.size < tokens * columns * 4) {
        throw new RangeError(`A buffer of ${x.size} bytes does not hold ${tokens} tokens of ${columns} features.`);
      }
      const y = buffers.create(tokens * rows, `A [${tokens}, ${rows}] product`);
      const held: GPUBuffer[] = [];
      const scratch = (length: number) => {
        const buffer = buffers.create(length, 'What lies between two products');
        held.push(buffer);
        return buffer;
      };
      try {
        await dispatcher.runPaced(prepared.steps({ x, y, tokens, accumulate: false }, scratch, pace), pace, call);
        return y;
      } catch (error) {
        buffers.free(y);
        throw error;
      } finally {
        buffers.free(...held);
      }
    },
  };
  return product;
}
