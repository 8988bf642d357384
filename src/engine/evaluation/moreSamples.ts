import type { Dataset, InputSpec } from './dataset';
import { batchDimension, generateDataset, withNames } from './generate';
import { complete, openSizes } from './openSizes';

/** As many samples as asked for, made up for the sizes that made-up data have. */
export function moreSamples(madeUp: Dataset, declared: readonly InputSpec[], samples: number): Dataset {
  const inputs = declared.map(withNames);
  const open = openSizes(inputs, batchDimension(inputs));
  const sizes = new Map<string, number>();
  for (const { name, shape } of inputs) {
    for (const [axis, size] of shape.entries()) {
      const taken = madeUp.shapes?.[name]?.[axis];
      if (typeof size === 'string' && open.free.has(size) && taken !== undefined) sizes.set(size, taken);
    }
  }
  return generateDataset(inputs, { samples, sizes: complete(open, sizes) });
}
