// What making a session takes of a model whose weights are rebuilt at load, and of the same model as comparisons open it:
// `npm run bench -- loading`. Each in a process of its own: the peak of its resident memory, natively, and the size that
// the WebAssembly heap has grown to, which is not given back. Bytes of a model that stores next to nothing are taken off.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { memorySource } from '../src/engine/core/bytes';
import { seeded } from '../src/engine/core/random';
import { openFolded } from '../src/engine/evaluation/foldedSession';
import { gaussian } from '../src/engine/model/fixtures';
import { layersOf } from '../src/engine/model/layers';
import { readModel } from '../src/engine/model/model';
import { DataType, modelBytes, node, tensor, value } from '../src/engine/model/onnx/build';
import { scopeOf } from '../src/engine/model/scopes';
import { bytesOfFile, filesOf, sessionModelOf } from '../src/engine/model/write';
import { loadBytes, loadNeeds } from '../src/engine/operators/export/choice';
import { replaceWeights } from '../src/engine/operators/export/replace';
import { consumptionOf } from '../src/engine/operators/export/subgraph';
import { sparseOf } from '../src/engine/operators/sparse/sparse';
import type { Runtime } from '../src/engine/runtime';
import { nodeRuntime } from '../src/runtime/node';
import { webRuntime } from './webRuntime';

const CHOICE = { aim: 'speed', form: 'load' } as const;
const FORMS = {
  dense: undefined,
  'sparse 50 %': { share: 0.5, pattern: { kind: 'unstructured' } },
  'sparse 2:4': { share: 1, pattern: { kind: 'n:m', n: 2, m: 4 } },
  'sparse 90 %': { share: 0.1, pattern: { kind: 'unstructured' } },
} as const;
const SIZES = [
  { side: 1024, depth: 24 },
  { side: 2048, depth: 1 },
];

const [, , path, how, kind] = process.argv;
if (path) await measureHere();
else measureAll();

interface Measured {
  readonly ms: number;
  readonly peak: number;
}

async function model(form: keyof typeof FORMS, side: number, depth: number) {
  const random = seeded(1);
  const names = ['x', ...Array.from({ length: depth - 1 }, (_, layer) => `h${layer}`), 'y'];
  const bytes = modelBytes({
    nodes: names.slice(1).map((name, i) => node('MatMul', [names[i]!, `w${i}`], [name], {}, { name: `fc${i}` })),
    inputs: [value('x', DataType.FLOAT, [1, side])],
    outputs: [value('y', DataType.FLOAT)],
    initializers: names.slice(1).map((_, i) => tensor(`w${i}`, [side, side], gaussian(random, [side, side]))),
  });
  const original = await readModel(memorySource(bytes, 'loading.onnx'));
  const spec = FORMS[form];
  if (!spec) return { changed: original, estimated: 4 * side * side * depth };
  const main = scopeOf(original);
  const operators = new Map();
  for (const layer of layersOf(main)) {
    const values = gaussian(random, layer.shape);
    for (let i = 0; i < values.length; i++) {
      const goes = spec.pattern.kind === 'n:m' ? i % 4 === 1 || i % 4 === 2 : random.uniform() >= spec.share;
      if (goes) values[i] = 0;
    }
    const target = { shape: layer.shape, type: 'float32', pattern: spec.pattern, opset: 17 } as const;
    operators.set(layer, await sparseOf(values, target));
  }
  const needs = [...operators].map(([layer, operator]) => loadNeeds(operator, consumptionOf(layer), CHOICE));
  const estimated = loadBytes(needs).reduce((sum, each) => sum + each, 0);
  return { changed: await replaceWeights(original, main, operators, { choice: CHOICE }), estimated };
}

async function measureAll() {
  const folder = mkdtempSync(join(tmpdir(), 'carrara-'));
  const rows: object[] = [];
  try {
    const small = join(folder, 'small.onnx');
    writeFileSync(small, await bytesOfFile(filesOf((await model('dense', 8, 1)).changed, 'small.onnx')[0]!));
    for (const { side, depth } of SIZES) {
      for (const form of Object.keys(FORMS) as (keyof typeof FORMS)[]) {
        const { changed, estimated } = await model(form, side, depth);
        const file = join(folder, 'model.onnx');
        const bytes = await bytesOfFile(filesOf(changed, 'model.onnx')[0]!);
        writeFileSync(file, bytes);
        const weights = side * side * depth;
        const row: Record<string, unknown> = {
          form,
          weights: `${depth} of ${side}²`,
          file: round(bytes.length / weights),
        };
        row.estimated = round(estimated / weights);
        for (const runtime of ['native', 'wasm']) {
          for (const as of ['file', 'comparison']) {
            const nothing = inProcess(small, as, runtime);
            const { ms, peak } = inProcess(file, as, runtime);
            row[`${runtime}, ${as}`] = { ms: Math.round(ms), bytesAWeight: round((peak - nothing.peak) / weights) };
          }
        }
        rows.push(row);
        console.error(JSON.stringify(row));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const result = {
    command: 'npm run bench -- loading',
    machine: `${cpus().length} cores, ${cpus()[0]!.model}`,
    date: new Date().toISOString().slice(0, 10),
    rows,
  };
  writeFileSync('bench/results/loading.json', `${JSON.stringify(result, null, 2)}\n`);
}

function inProcess(...args: string[]): Measured {
  const node = ['--import', './scripts/register.mjs', 'bench/loading.ts', ...args];
  const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: 'utf8' });
  if (!stdout) throw new Error(stderr);
  return JSON.parse(stdout) as Measured;
}

async function measureHere() {
  const memories: WebAssembly.Memory[] = [];
  const Memory = WebAssembly.Memory;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      memories.push(this);
    }
  };
  const runtime: Runtime = kind === 'native' ? nodeRuntime() : webRuntime();
  const provider = runtime.providers[0]!;
  const read = await readModel(memorySource(new Uint8Array(readFileSync(path!)), 'model.onnx'));
  const before = status('VmRSS');
  const started = performance.now();
  if (how === 'comparison') await openFolded(read, runtime, provider);
  else await runtime.open(await sessionModelOf(read, runtime.externalData), provider);
  const ms = performance.now() - started;
  const heap = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  console.log(JSON.stringify({ ms, peak: kind === 'native' ? status('VmHWM') - before : heap }));
  process.exit(0);
}

/** Bytes, as Linux counts them. */
function status(key: string): number {
  return 1024 * Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1]);
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
