import type { Threshold, ValueList } from '../../backend/selection';
import { BYTES_OF, type Dense } from '../../operators/operator';
import { gridOf } from '../../operators/sparse/layouts/cells';
import { cellsOf } from '../../operators/sparse/layouts/layout';
import { chosenLayout, expectedCensus } from '../../operators/sparse/layouts/places';
import type { StepContext, Target } from '../method';
import { keptAt, keptIn, livingGrid } from './budget';
import { type PruneOptions, patternOf } from './options';
import { bitsSet, scoresOf } from './scores';

/** For each leaf, the threshold that its cells must exceed, and how many of the cells that equal it survive. */
export type Thresholds = ReadonlyMap<Dense, Threshold>;

/** How often the number of survivors is corrected for a size. Each correction leaves an error of second order. */
const CORRECTIONS = 5;

/**
 * One threshold for all leaves. The scores are counted digit by digit and computed anew for each pass, so that only one
 * leaf at a time is in memory. For a size, the number of survivors follows from the bytes that the survivors of each
 * leaf take.
 */
export async function modelThresholds(
  targets: readonly Target[],
  options: PruneOptions,
  { factorisations, opset, signal, onProgress }: StepContext & { readonly opset: number },
): Promise<Thresholds> {
  const { selection } = factorisations.backend;
  const call = { signal, onProgress };
  const grids = targets.map(({ leaf }) => gridOf(leaf.shape, patternOf(options)));
  const lists = targets.map(
    ({ leaf, input }, i): ValueList => ({
      length: cellsOf(grids[i]!),
      read: async () => scoresOf(await leaf.toDense(), leaf, options, input),
    }),
  );
  const total = targets.reduce((sum, { leaf }) => sum + cellsOf(livingGrid(leaf, options)), 0);
  const { size } = options;
  if (size === undefined) {
    const kept = keptAt({ rows: 1, columns: total, cell: 1 }, options.sparsity!, false);
    return (await among(kept)).thresholds;
  }
  const wanted = size * targets.reduce((sum, { leaf }) => sum + leaf.bytes, 0);
  const even = targets.map(({ leaf }) => keptIn(leaf, options, opset, size * leaf.bytes));
  let kept = Math.max(
    1,
    even.reduce((sum, count) => sum + count, 0),
  );
  let best: { readonly kept: number; readonly thresholds: Thresholds } | undefined;
  for (let i = 0; i < CORRECTIONS; i++) {
    const { thresholds, counts } = await among(kept);
    const bytes = bytesOf(counts);
    if (bytes <= wanted && (!best || kept > best.kept)) best = { kept, thresholds };
    const each = (bytes - bytesOf(counts.map(() => 0))) / kept;
    const next = Math.min(total, Math.max(1, kept + Math.floor((wanted - bytes) / Math.max(1, each))));
    if (next === kept) break;
    kept = next;
  }
  return best?.thresholds ?? (await among(1)).thresholds;

  async function among(count: number) {
    let threshold = await selection.largestThreshold(lists, count, call);
    const thresholds = new Map<Dense, Threshold>();
    const counts: number[] = [];
    for (const [i, { leaf }] of targets.entries()) {
      thresholds.set(leaf, threshold);
      const { mask, rest } = await selection.thresholdMask(await lists[i]!.read(), threshold, call);
      counts.push(bitsSet(mask));
      threshold = rest;
    }
    return { thresholds, counts };
  }

  /** A leaf that does not get smaller stays dense. */
  function bytesOf(counts: readonly number[]): number {
    return targets.reduce((sum, { leaf }, i) => {
      const target = { grid: grids[i]!, opset, valueBytes: BYTES_OF[leaf.type] };
      return sum + Math.min(leaf.bytes, chosenLayout(target, expectedCensus(grids[i]!, counts[i]!, false)).bytes);
    }, 0);
  }
}
