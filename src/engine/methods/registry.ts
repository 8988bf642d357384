import { cluster } from './cluster/cluster';
import { dropBlocks } from './dropBlocks/dropBlocks';
import { half } from './half/half';
import { lowRankPlusSparse } from './lowRankPlusSparse/lowRankPlusSparse';
import type { AnyMethod } from './method';
import { prune } from './prune/prune';
import { pruneStructured } from './pruneStructured/pruneStructured';
import { quantize } from './quantize/quantize';
import { share } from './share/share';
import { svd } from './svd/svd';
import { tensorTrain } from './tensorTrain/tensorTrain';

/** Every method, in the order in which they are offered. */
export const methods: readonly AnyMethod[] = [
  svd,
  tensorTrain,
  lowRankPlusSparse,
  prune,
  pruneStructured,
  dropBlocks,
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
