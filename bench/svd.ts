// The whole singular value decomposition, U, σ and Vᵀ of a float32 matrix, beside LAPACK's (numpy), ml-matrix's and
// jax-js's: `npm run bench -- svd`. All take turns, so that other work on the machine slows all of them equally. Times are medians.
// Two spectra: random, for the time, and one that falls to 1e−6, for how right the values are.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Matrix, SVD } from 'ml-matrix';
import { dawn } from '../src/cli/dawn';
import type { Backend } from '../src/engine/backend/backend';
import { createCpuBackend } from '../src/engine/cpu/backend';
import { createGpuBackend } from '../src/engine/gpu/backend';
import { svd, truncate } from '../src/engine/linalg/svd';
import { normal, planted } from '../src/engine/reference/random';
import { nodeRuntime } from '../src/runtime/node';
import { keepResult, median } from './timing';
import { webRuntime } from './webRuntime';

const SHAPES = [
  [512, 512],
  [1024, 256],
] as const;
const ROUNDS = 5;
const LAPACK = 'LAPACK sgesdd (numpy)';

interface Decomposer {
  readonly name: string;
  /** A slow one is timed once. */
  readonly slow?: boolean;
  run(values: Float32Array, m: number, n: number): Promise<{ ms: number; sigma: ArrayLike<number> }>;
}

const folder = mkdtempSync(join(tmpdir(), 'svd-'));
const path = join(folder, 'matrix.bin');
const decomposers = await everybody();
const rows = [];
for (const [m, n] of SHAPES) {
  const k = Math.min(m, n);
  const falling = Array.from({ length: k }, (_, i) => 10 ** ((-6 * i) / (k - 1)));
  rows.push(await measure('random', Float32Array.from(normal(m * n, m + n)), m, n));
  rows.push(await measure('falling to 1e−6', planted(m, n, falling, 1), m, n));
}
rmSync(folder, { recursive: true });
keepResult('svd', {
  what: 'ms: median time of U, σ and Vᵀ of a float32 matrix, σ shared between the factors in ours; leastMs: the least; timesLapack: ms over the faster of LAPACK’s two; off: largest error of a singular value over σ₁, against float64 LAPACK; offBelow: the same for those below 1e−3·σ₁, relative to themselves (jax-js takes roots of eigenvalues of the float32 Gram matrix, and is wrong there)',
  rows,
});
process.exit(0);

async function measure(spectrum: string, values: Float32Array, m: number, n: number) {
  writeFileSync(path, values);
  const truth = inNumpy(m, n, 'float64').sigma;
  const times = new Map(decomposers.map(({ name }) => [name, [] as number[]]));
  const sigmas = new Map<string, ArrayLike<number>>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const { name, slow, run } of decomposers) {
      if (slow && round > 0) continue;
      const { ms, sigma } = await run(values, m, n);
      // The first round only compiles code, except for programs that are timed once.
      if (slow || round > 0) times.get(name)!.push(ms);
      sigmas.set(name, sigma);
    }
  }
  const lapack = Math.min(
    ...decomposers.filter(({ name }) => name.startsWith(LAPACK)).map(({ name }) => median(times.get(name)!)),
  );
  const found = decomposers.map(({ name }) => {
    const ms = median(times.get(name)!);
    return {
      name,
      ms,
      leastMs: Math.min(...times.get(name)!),
      timesLapack: ms / lapack,
      ...deviations(sigmas.get(name)!, truth),
    };
  });
  console.error(spectrum, m, n, found.map(({ name, ms }) => `${name} ${ms.toFixed(0)}`).join(', '));
  return { spectrum, shape: [m, n], found };
}

function deviations(sigma: ArrayLike<number>, truth: readonly number[]) {
  let [off, offBelow] = [0, 0];
  truth.forEach((value, i) => {
    const difference = Math.abs(sigma[i]! - value);
    off = Math.max(off, difference / truth[0]!);
    if (value < 1e-3 * truth[0]!) offBelow = Math.max(offBelow, difference / value);
  });
  return truth.at(-1)! < 1e-3 * truth[0]! ? { off, offBelow } : { off };
}

async function everybody(): Promise<Decomposer[]> {
  const adapter = await dawn();
  const gpu = adapter ? await createGpuBackend(adapter) : null;
  return [
    lapack('', undefined),
    lapack(', 1 thread', '1'),
    ours(createCpuBackend(nodeRuntime())),
    ours(createCpuBackend(webRuntime())),
    ...(gpu ? [ours(gpu)] : []),
    mlMatrix(),
    jaxJs(),
  ];
}

function ours(backend: Backend): Decomposer {
  return {
    name: `Carrara, ${backend.description}${backend.software ? ' (software adapter)' : ''}`,
    async run(values, rows, columns) {
      const started = performance.now();
      const found = await svd(backend, { values, rows, columns });
      await truncate(backend, { values, rows, columns }, found, Math.min(rows, columns));
      return { ms: performance.now() - started, sigma: found.values };
    },
  };
}

function lapack(threads: string, count: string | undefined): Decomposer {
  return { name: LAPACK + threads, run: async (_, m, n) => inNumpy(m, n, 'float32', count) };
}

function inNumpy(m: number, n: number, type: 'float32' | 'float64', threads?: string) {
  const script = `
import numpy as np, time, json
a = np.fromfile(${JSON.stringify(path)}, dtype=np.float32).reshape(${m}, ${n}).astype(np.${type})
np.linalg.svd(a, full_matrices=False)
start = time.perf_counter()
u, s, v = np.linalg.svd(a, full_matrices=False)
print(json.dumps({"ms": (time.perf_counter() - start) * 1e3, "sigma": s.tolist()}))`;
  const env = { ...process.env, ...(threads && { OPENBLAS_NUM_THREADS: threads }) };
  const { status, stdout, stderr } = spawnSync('python3', ['-c', script], { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`numpy is needed for LAPACK: ${stderr}`);
  return JSON.parse(stdout) as { ms: number; sigma: number[] };
}

function mlMatrix(): Decomposer {
  return {
    name: 'ml-matrix',
    slow: true,
    async run(values, m, n) {
      const matrix = Matrix.from1DArray(m, n, Array.from(values));
      const started = performance.now();
      const { diagonal } = new SVD(matrix, { autoTranspose: true });
      return { ms: performance.now() - started, sigma: diagonal };
    },
  };
}

function jaxJs(): Decomposer {
  return {
    name: 'jax-js (WASM)',
    slow: true,
    async run(_, m, n) {
      const loader = ['--import', './scripts/register.mjs', 'bench/svd/jaxJs.ts'];
      const { status, stdout, stderr } = spawnSync(process.execPath, [...loader, path, `${m}`, `${n}`], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`jax-js failed: ${stderr}`);
      return JSON.parse(stdout) as { ms: number; sigma: number[] };
    },
  };
}
