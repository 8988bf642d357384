import { cluster } from './cluster';
import { half } from './half';
import { lowRankPlusSparse } from './lowRankPlusSparse';
import type { AnyMethod } from './method';
import { prune } from './prune';
import { pruneStructured } from './pruneStructured';
import { quantize } from './quantize';
import { share } from './share';
import { svd } from './svd';
import { tensorTrain } from './tensorTrain';

/** Every method, in the order in which they are offered. */
export const methods: readonly AnyMethod[] = [
  svd,
  tensorTrain,
  lowRankPlusSparse,
  prune,
  pruneStructured,
  quantize,
  cluster,
  share,
  half,
];

export function getMethod(name: string): AnyMethod {
  const found = methods.find((method) => method.name === name);
  if (!found) throw new RangeError(`No method is called ${name}.`);
  return found;
}
