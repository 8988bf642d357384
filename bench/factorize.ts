// Truncated SVD against the whole decomposition and against a randomised SVD in numpy at equal error, on the CPU
// backend: `npm run bench -- factorize`. Medians of three. They
// take turns, so that other work on the machine slows all of them equally.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../src/engine/core/random';
import { createCpuBackend } from '../src/engine/cpu/backend';
import { orthonormalRows } from '../src/engine/linalg/qr';
import { truncationError } from '../src/engine/linalg/spectrum';
import { svd } from '../src/engine/linalg/svd';
import { truncatedSvd } from '../src/engine/linalg/truncatedSvd';
import { nodeRuntime } from '../src/runtime/node';
import { keepResult, median, time } from './timing';

const RANK = 64;
const RUNS = 3;
const backend = createCpuBackend(nodeRuntime());
const folder = mkdtempSync(join(tmpdir(), 'factorize-'));

interface Row {
  spectrum: string;
  shape: [number, number];
  rank: number;
  error: number;
  truncatedMs: number;
  /** The best error of this rank, by the whole decomposition, where that is affordable. */
  optimum?: number;
  fullMs?: number;
  /** numpy's randomised SVD with the fewest power iterations that reach our error times 1 + 1e−5. */
  numpy?: { ms: number; iterations: number; error: number };
}

const rows: Row[] = [];
for (const n of [1024, 2048]) {
  rows.push(await measure('random', noise(n, n), n, n));
  rows.push(await measure('falling like 1/i', await falling(n, n, (i) => 1 / (1 + i)), n, n));
}
const planted = await plantedAt4096();
console.error(JSON.stringify(planted));
rows.push(await measure('random', noise(50_000, 64), 50_000, 64, 16));
rows.push(await measure('random', noise(50_000, 768), 50_000, 768));
rows.push(await measure('falling like 1/i', await falling(50_000, 768, (i) => 1 / (1 + i)), 50_000, 768));
rmSync(folder, { recursive: true });
keepResult('factorize', { backend: backend.description, rows, planted });
process.exit(0);

async function measure(spectrum: string, values: Float32Array, m: number, n: number, rank = RANK): Promise<Row> {
  const weight = { values, rows: m, columns: n };
  const { error } = await truncatedSvd(backend, weight, { rank });
  const path = join(folder, 'matrix.bin');
  writeFileSync(path, values);
  // Finding how many iterations numpy needs takes it minutes on the tall ones.
  const iterations = m === n ? inNumpy(path, m, n, rank, error, undefined)?.iterations : undefined;
  const times: number[] = [];
  const theirs: { ms: number; iterations: number; error: number }[] = [];
  for (let run = 0; run < (m === n ? RUNS : 1); run++) {
    times.push(await time(() => truncatedSvd(backend, weight, { rank })));
    const peer = iterations === undefined ? undefined : inNumpy(path, m, n, rank, error, iterations);
    if (peer) theirs.push(peer);
  }
  const row: Row = { spectrum, shape: [m, n], rank, error, truncatedMs: median(times) };
  if (theirs.length > 0) row.numpy = { ...theirs[0]!, ms: median(theirs.map(({ ms }) => ms)) };
  // The whole spectrum takes seconds to minutes, so it is timed once.
  if (m === n || n < 100) {
    let full: Float64Array | undefined;
    row.fullMs = await time(async () => {
      full = (await svd(backend, weight)).values;
    });
    row.optimum = truncationError(full!, rank);
  }
  console.error(JSON.stringify(row));
  return row;
}

/** The singular values known, at a size where nothing but the iteration is affordable. */
async function plantedAt4096() {
  const n = 4096;
  const count = 256;
  const sigma = Float64Array.from({ length: count }, (_, i) => 10 ** ((-4 * i) / count));
  const u = await orthonormal(count, n, 1);
  const v = await orthonormal(count, n, 2);
  for (let i = 0; i < count; i++) for (let j = 0; j < n; j++) v[i * n + j]! *= sigma[i]!;
  const values = await product(u, v, n, n, count);
  const started = performance.now();
  const found = await truncatedSvd(backend, { values, rows: n, columns: n }, { rank: RANK });
  const ms = performance.now() - started;
  const off = Math.max(...found.values.map((value, i) => Math.abs(value - sigma[i]!)));
  return {
    shape: [n, n],
    rank: RANK,
    ms,
    largestValueOff: off,
    error: found.error,
    optimum: truncationError(sigma, RANK),
  };
}

function noise(m: number, n: number): Float32Array<ArrayBuffer> {
  const random = seeded(m + n);
  return Float32Array.from({ length: m * n }, () => random.normal());
}

async function falling(m: number, n: number, sigma: (i: number) => number): Promise<Float32Array<ArrayBuffer>> {
  const count = 512;
  const right = noise(count, n).map((value, at) => value * sigma(Math.floor(at / n)));
  return product(noise(count, m), right, m, n, count);
}

async function orthonormal(count: number, n: number, seed: number): Promise<Float32Array<ArrayBuffer>> {
  const random = seeded(seed);
  const y = backend.upload(
    Float32Array.from({ length: count * n }, () => random.normal()),
    count,
    n,
  );
  const { q } = await orthonormalRows(backend, y);
  const values = await backend.download(q);
  backend.free(y, q);
  return values;
}

async function product(u: Float32Array, v: Float32Array, m: number, n: number, count: number) {
  const [a, b] = [backend.upload(u, count, m), backend.upload(v, count, n)];
  const c = await backend.multiply(a, b, { a: true });
  const values = await backend.download(c);
  backend.free(a, b, c);
  return values;
}

/** Halko, Martinsson and Tropp's with QR at every half step; undefined where numpy isn't installed. */
function inNumpy(path: string, m: number, n: number, rank: number, error: number, iterations: number | undefined) {
  const script = `
import numpy as np, time, json
a = np.fromfile(${JSON.stringify(path)}, dtype=np.float32).reshape(${m}, ${n})
total = float((a.astype(np.float64) ** 2).sum())
def randomised(q):
    y = a @ np.random.default_rng(1).standard_normal((${n}, ${rank + 10}), dtype=np.float32)
    for _ in range(q):
        z, _ = np.linalg.qr(a.T @ np.linalg.qr(y)[0])
        y = a @ z
    basis = np.linalg.qr(y)[0]
    u, s, v = np.linalg.svd(basis.T @ a, full_matrices=False)
    return basis @ u[:, :${rank}], s[:${rank}], v[:${rank}]
def attempt(q):
    start = time.perf_counter()
    u, s, v = randomised(q)
    ms = (time.perf_counter() - start) * 1e3
    r = float(np.linalg.norm(a - (u * s) @ v)) / total ** 0.5
    return {"ms": ms, "iterations": q, "error": r}
fixed = ${iterations ?? 'None'}
if fixed is None:
    for q in list(range(1, 12)) + list(range(12, 81, 4)):
        found = attempt(q)
        if found["error"] <= ${error} * (1 + 1e-5): break
else:
    randomised(0)
    found = attempt(fixed)
print(json.dumps(found))`;
  const { status, stdout } = spawnSync('python3', ['-c', script], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as { ms: number; iterations: number; error: number }) : undefined;
}
