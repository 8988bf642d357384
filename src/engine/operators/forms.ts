import { codebookForm } from './codebook/codebook';
import { columnPartsForm } from './columnParts/columnParts';
import { denseForm } from './dense/dense';
import { lowRankForm } from './lowRank/lowRank';
import type { Form, Kind } from './operator';
import { quantizedForm } from './quantized/quantized';
import { scaledForm } from './scaled/scaled';
import { sharedForm } from './shared/shared';
import { sparseForm } from './sparse/sparse';
import { sumForm } from './sum/sum';
import { tensorTrainForm } from './tensorTrain/tensorTrain';
import { tucker2Form } from './tucker2/tucker2';

/** Every form of a weight: a new one is a folder that declares it, and a line here. */
export const FORMS: { readonly [K in Kind]: Form<K> } = {
  dense: denseForm,
  lowRank: lowRankForm,
  tucker2: tucker2Form,
  tensorTrain: tensorTrainForm,
  sparse: sparseForm,
  quantized: quantizedForm,
  codebook: codebookForm,
  shared: sharedForm,
  sum: sumForm,
  scaled: scaledForm,
  columnParts: columnPartsForm,
};
