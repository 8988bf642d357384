// Selecting from 100 million weights without sorting: `npm run bench -- selection`. The CPU has them all at once here; a
// model hands them over layer by layer. A software adapter gets a tenth.
import { dawn } from '../src/cli/dawn';
import type { Selection } from '../src/engine/backend/selection';
import { cpuSelection } from '../src/engine/cpu/selection';
import { createGpuBackend } from '../src/engine/gpu/backend';
import { normal } from '../src/engine/reference/random';
import { keepResult, time } from './timing';

const COLUMNS = 1000;
// Normal numbers are slow to generate, so a million and three of them are repeated. There are ties, too.
const some = Float32Array.from(normal(1_000_003, 1));
const weights = Float32Array.from({ length: 1e8 }, (_, i) => some[i % some.length]!);

const gpu = await dawn();
const backend = gpu ? await createGpuBackend(gpu) : null;
const found = [{ backend: 'CPU, one core', ...(await measure(cpuSelection, weights)) }];
if (backend) {
  const fewer = backend.software ? weights.subarray(0, 1e7) : weights;
  found.push({ backend: backend.description, ...(await measure(backend.selection, fewer)) });
}
const sortMs = await time(() => weights.map(Math.abs).sort());
keepResult('selection', { unit: 'ms', found, sorting: { weights: weights.length, ms: sortMs } });
process.exit(0);

async function measure(selection: Selection, values: Float32Array) {
  const rows = values.length / COLUMNS;
  const list = { length: values.length, read: () => values };
  const threshold = await selection.largestThreshold([list], values.length / 2);
  const cases = {
    threshold: () => selection.largestThreshold([list], values.length / 2),
    mask: () => selection.thresholdMask(values, threshold),
    'mask of half of each row': () => selection.rowMask(values, rows, COLUMNS, COLUMNS / 2),
    '2:4': () => selection.groupMask(values, rows, COLUMNS, 2, 4),
    '4:8': () => selection.groupMask(values, rows, COLUMNS, 4, 8),
    '16:32': () => selection.groupMask(values, rows, COLUMNS, 16, 32),
  };
  const ms: Record<string, number> = {};
  for (const [name, work] of Object.entries(cases)) ms[name] = await time(work);
  console.error(JSON.stringify(ms));
  return { weights: values.length, ms };
}
