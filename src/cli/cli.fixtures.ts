import { type SpawnSyncOptions, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { DataType, modelBytes, node, tensor, value } from '../engine/model/onnx/build';

export const FASHION = 'public/samples/fashion-mnist';
export const MOBY = 'public/samples/moby-lm';

/** Paths in a new folder, which is removed after the tests of the file that asks for it. */
export function testFolder(): (...parts: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), 'carrara-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return (...parts) => join(folder, ...parts);
}

/** Writes recipes (objects as JSON, or raw text) into this folder and gives their paths. */
export const recipeIn = (at: (name: string) => string) => (name: string, value: unknown) => {
  writeFileSync(at(name), typeof value === 'string' ? value : JSON.stringify(value));
  return at(name);
};

export const svd = (options: object, layers: unknown = '*') => ({
  version: 1,
  steps: [{ layers, method: 'svd', options }],
});

/** The command as users run it. */
export function carrara(...args: string[]) {
  return run('npm', ['run', '--silent', 'carrara', '--', ...args]);
}

/** A shell command; `carrara` in it is the command line. */
export function shell(command: string, options: SpawnSyncOptions = {}) {
  return run('bash', ['-c', `carrara() { node scripts/carrara.mjs "$@"; }\n${command}`], options);
}

function run(command: string, args: string[], options: SpawnSyncOptions = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { ...options, encoding: 'utf8' });
  return { status, stdout, stderr, json: () => JSON.parse(stdout) };
}

/** The command while it runs. */
export function started(...args: string[]) {
  const child = spawn(process.execPath, ['scripts/carrara.mjs', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let ended = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const end = new Promise<{ status: number | null; stderr: string }>((resolve) => {
    child.on('close', (status) => {
      ended = true;
      resolve({ status, stderr });
    });
  });
  return {
    pid: child.pid!,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    end,
    stdout: () => stdout,
    /** Waits until the command has said `text` on standard error. */
    said: (text: string) =>
      until(() => {
        if (ended && !stderr.includes(text)) throw new Error(`The command ended and said only: ${stderr}`);
        return stderr.includes(text);
      }),
    /** Waits until the command has begun to write into `folder`. */
    writing: (folder: string) =>
      until(() => {
        if (ended) throw new Error(`The command ended and said: ${stderr}`);
        return unfinishedIn(folder).length > 0;
      }),
  };
}

/** Names of files that a command has begun to write. */
export const unfinishedIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.part'));

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * A small file of which onnxruntime needs hours to make a session: it computes what is constant first, here 2,000
 * products of matrices with 4,096 rows. The layer "fc" beside them can be compressed.
 */
export function slowModel(): Uint8Array {
  const products = 2000;
  return modelBytes({
    nodes: [
      node('MatMul', ['x', 'w'], ['y'], {}, { name: 'fc' }),
      node('ConstantOfShape', ['shape'], ['m0']),
      ...Array.from({ length: products }, (_, i) => node('MatMul', [`m${i}`, `m${i}`], [`m${i + 1}`])),
    ],
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value('y', DataType.FLOAT, ['n', 64]), value(`m${products}`, DataType.FLOAT)],
    initializers: [
      tensor(
        'w',
        [64, 64],
        Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
      ),
      tensor('shape', [2], BigInt64Array.of(4096n, 4096n)),
    ],
  });
}
