import type { WeightForm } from '../../weightForm';
import { prepareBlockSparse } from './blockSparse';
import { prepareDense } from './dense';
import { prepareLowRank } from './lowRank';
import { prepareNM } from './nm';
import { prepareInPanels } from './panels';
import type { Preparation, PreparedForm, Product, ProductContext } from './product';
import { prepareQuantized } from './quantized';
import { prepareScaled } from './scaled';
import { prepareShared } from './shared';
import { prepareSparse } from './sparse';
import { prepareSum } from './sum';
import { prepareTensorTrain } from './tensorTrain';
import { applyToPanels } from './tokenPanels';

const PREPARATIONS: { readonly [K in WeightForm['kind']]: Preparation<Extract<WeightForm, { kind: K }>> } = {
  dense: prepareDense,
  lowRank: prepareLowRank,
  quantized: prepareQuantized,
  sparse: prepareSparse,
  nm: prepareNM,
  blockSparse: prepareBlockSparse,
  tensorTrain: prepareTensorTrain,
  shared: prepareShared,
  sum: prepareSum,
  scaled: prepareScaled,
};

/**
 * Brings a weight to the device in its own form and compiles what multiplies by it. Throws a RangeError where the
 * form contradicts itself, a UserError where one row of it is more than the adapter can bind.
 */
export async function prepare(context: ProductContext, form: WeightForm): Promise<Product> {
  const { buffers, dispatcher, pace } = context;
  const prepareWhole = (inner: WeightForm): PreparedForm =>
    (PREPARATIONS[inner.kind] as Preparation<WeightForm>)(context, inner, prepareForm);
  const prepareForm = (inner: WeightForm): PreparedForm =>
    prepareInPanels(context, inner, prepareWhole) ?? prepareWhole(inner);
  const { kernels, ...prepared } = prepareForm(form);
  await dispatcher.pipelines.prepare(...new Set(kernels)).catch((error) => {
    prepared.free();
    throw error;
  });
  const { rows, columns } = prepared;
  const product: Product = {
    ...prepared,
    kind: form.kind,
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
