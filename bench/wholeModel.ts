// A whole model of 110 M parameters, the structure of BERT with random weights: the SVD at half the size, alone and with
// 4 bits after it, beside the same factorisations in numpy in the same run: `npm run bench -- wholeModel`. Needs numpy
// and Linux, which tells a process's peak of memory. Takes some minutes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBigModel } from '../scripts/bigModel';
import { readModelAt } from '../src/cli/readFiles';
import { layersOf } from '../src/engine/model/layers';
import { scopeOf } from '../src/engine/model/scopes';
import { externalOf } from '../src/engine/model/tensors';
import { keepResult } from './timing';

interface Measured {
  readonly ms: number;
  readonly cpuMs: number;
}

const folder = mkdtempSync(join(tmpdir(), 'wholeModel-'));
try {
  const { model: path, data, parameters } = await writeBigModel(folder, { bytes: 438e6 });
  const half = { layers: '*', method: 'svd', options: { size: 0.5 } };
  const nibbles = { layers: '*', method: 'quantize', options: { bits: 4 } };
  const svd = ours(path, [half]);
  const both = ours(path, [half, nibbles]);
  const model = await readModelAt(path);
  const matrices = layersOf(scopeOf(model))
    .filter(({ compressible }) => compressible)
    .map(({ tensor, shape: [rows, columns] }) => ({ at: externalOf(tensor)!.offset / 4, rows, columns }));
  const gram = inNumpy('gram', data, matrices);
  const whole = inNumpy('svd', data, matrices);
  keepResult('wholeModel', {
    what: 'ms: elapsed; cpuMs: user and system time of all threads; peakMB: resident memory of the process at its peak. ours: compress() as the command runs it, on the CPU backend, reading and reports included, verification not. numpy: for each matrix factors of the same rank, by the eigenvectors of the Gram matrix of the short side in float64, or by the singular value decomposition in float32',
    parameters,
    matrices: matrices.length,
    ours: { svd, svdAndInt4: both },
    numpy: { gramAndEigh: gram, svd: whole },
    svdOverNumpy: { gramAndEigh: svd.ms / gram.ms, svd: svd.ms / whole.ms },
  });
} finally {
  rmSync(folder, { recursive: true });
}

function ours(path: string, steps: readonly object[]): Measured & { peakMB: number } {
  const loader = ['--import', './scripts/register.mjs', 'bench/wholeModel/compress.ts'];
  return measured(process.execPath, [...loader, path, JSON.stringify({ version: 1, steps })]);
}

function inNumpy(how: 'gram' | 'svd', data: string, matrices: readonly object[]): Measured {
  const script = `
import numpy as np, time, json
flat = np.memmap(${JSON.stringify(data)}, dtype=np.float32, mode="r")
start, cpu = time.perf_counter(), time.process_time()
for m in json.loads(${JSON.stringify(JSON.stringify(matrices))}):
    rows, columns = m["rows"], m["columns"]
    a = np.array(flat[m["at"]:m["at"] + rows * columns]).reshape(rows, columns)
    if rows > columns: a = a.T
    rank = max(1, rows * columns // (2 * (rows + columns)))
    if ${how === 'gram' ? 'True' : 'False'}:
        b = a.astype(np.float64)
        values, vectors = np.linalg.eigh(b @ b.T)
        left = vectors[:, ::-1][:, :rank].astype(np.float32)
        right = left.T @ a
    else:
        u, s, v = np.linalg.svd(a, full_matrices=False)
        left, right = u[:, :rank] * s[:rank], v[:rank]
print(json.dumps({"ms": (time.perf_counter() - start) * 1e3, "cpuMs": (time.process_time() - cpu) * 1e3}))`;
  return measured('python3', ['-c', script]);
}

function measured<T extends Measured>(command: string, args: readonly string[]): T {
  // numpy chooses its kernels itself, whatever the shell says.
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
  console.error(stdout.trim());
  return JSON.parse(stdout) as T;
}
