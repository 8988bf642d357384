// One whole matrix on the GPU, 768×3072: upload, spectrum, factors of rank 128, download; and how much of that time
// goes to anything but kernels: `npm run bench -- wholeMatrix`. Kernels are timed by the GPU's own clock where it has
// one (timestamp-query), else as the time between a submission and its end. A software adapter factorises by Gram
// matrices and an eigenproblem on the host, which is no kernel. The path of hardware, by rotations, takes it many minutes:
// it is measured there with a matrix of a sixteenth of the size.
import { dawn } from '../src/cli/dawn';
import { createGpuBackend, type GpuOptions } from '../src/engine/gpu/backend';
import { svd, truncate } from '../src/engine/linalg/svd';
import { normal } from '../src/engine/reference/random';
import { keepResult } from './timing';
import { kernelClock } from './wholeMatrix/kernelClock';

const gpu = await dawn();
if (!gpu) throw new Error('No WebGPU adapter: the GPU backend cannot be measured here.');
const clock = kernelClock(gpu);
const found = [await measure(768, 3072, 128, {})];
if (found[0]!.software) found.push(await measure(192, 768, 32, { rotations: true }));
keepResult('wholeMatrix', {
  what: 'ms: from the values to the factors, in host memory both; kernelMs: the passes’ own time; outside: the share of the rest; hostMs: that rest',
  clock: clock.kind,
  found,
});
process.exit(0);

async function measure(rows: number, columns: number, rank: number, options: GpuOptions) {
  const backend = (await createGpuBackend(clock.gpu, options))!;
  const values = Float32Array.from(normal(rows * columns, 1));
  // Pipelines are compiled once per adapter, and paces learnt: a small matrix first.
  await whole(Float32Array.from(normal(64 * 256, 2)), 64, 256, 16);
  const before = backend.counts;
  clock.start();
  const started = performance.now();
  await whole(values, rows, columns, rank);
  const ms = performance.now() - started;
  const kernelMs = await clock.stop();
  const { dispatches, submissions } = backend.counts;
  const row = {
    shape: [rows, columns],
    rank,
    adapter: backend.description,
    software: backend.software,
    factorisedBy: options.rotations || !backend.software ? 'rotations' : 'Gram matrices',
    ms,
    kernelMs,
    hostMs: ms - kernelMs,
    outside: (ms - kernelMs) / ms,
    dispatches: dispatches - before.dispatches,
    submissions: submissions - before.submissions,
  };
  backend.dispose();
  console.error(JSON.stringify(row));
  return row;

  async function whole(weights: Float32Array, m: number, n: number, r: number) {
    const weight = { values: weights, rows: m, columns: n };
    await truncate(backend, weight, await svd(backend, weight), r);
  }
}
