// Run by memory.test.ts in a process of its own: limits its address space to 1 GiB more than it has, fills the memory of
// the software adapter, which is the process's, and works on with a device opened anew. Prints what it met.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import { GpuError } from '../core/errors';
import { closeSession, openSession, type Session } from './session';
import { testGpu } from './testing';
import { runProduct } from './variants';

const EACH = 2 ** 25;
const MORE = 2 ** 30;
const gpu = await testGpu();
const open = async () => (await openSession(gpu, { panelBytes: Number.POSITIVE_INFINITY }))!;

const full = await open();
const held = Number(/VmSize:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
const limited = spawnSync('prlimit', [`--pid=${process.pid}`, `--as=${held + MORE}`], { encoding: 'utf8' });
if (limited.status !== 0) throw new Error(limited.stderr);
let met: unknown;
for (let i = 0; i < (2 * MORE) / (4 * EACH) && met === undefined; i++) {
  full.buffers.create(EACH, 'A part');
  met = await full.dispatcher.settle().catch((error) => error);
}
const { count } = full.buffers;
const again = await full.dispatcher.settle().catch((error) => error);
closeSession(full);
const next = await open();
const product = await twoByTwo(next);
closeSession(next);
const told = JSON.stringify({
  reason: met instanceof GpuError ? met.reason : String(met),
  message: (met as Error).message,
  sticks: again === met,
  parts: count,
  left: full.buffers.count,
  product,
});
// A pipe would lose what is written late before the exit.
writeSync(1, `\n${told}\n`);
process.exit(0);

async function twoByTwo(session: Session): Promise<number[]> {
  const { buffers } = session;
  const [a, b] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)].map((values) =>
    buffers.upload(values, 'one'),
  );
  const c = buffers.create(4, 'a product');
  await runProduct(session, { m: 2, n: 2, k: 2, a: a!, b: b!, c });
  return [...new Float32Array(await buffers.read(c))];
}
