// Run by memory.test.ts in its own process: limits the address space of that process to 1 GiB more than it has, fills the
// memory of the software adapter, which is the memory of the process, then opens the device again and computes a product.
// Prints what it found as one line of JSON.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import { GpuError } from '../core/errors';
import { runProduct } from './runProduct';
import { closeSession, openSession, type Session } from './session';
import { testGpu } from './testing';

const EACH = 2 ** 25;
const MORE = 2 ** 30;
const gpu = await testGpu();
const open = async () => (await openSession(gpu, { panelBytes: Number.POSITIVE_INFINITY }))!;

const full = await open();
const held = addressSpace();
limitAddressSpace(String(held + MORE));
let met: unknown;
for (let i = 0; i < (2 * MORE) / (4 * EACH) && met === undefined; i++) {
  full.buffers.create(EACH, 'A part');
  met = await full.dispatcher.settle().catch((error) => error);
}
const { count } = full.buffers;
const again = await full.dispatcher.settle().catch((error) => error);
// Closing a device takes memory too: where there is none left, SwiftShader crashes.
limitAddressSpace('unlimited');
closeSession(full);
const returned = held + MORE - addressSpace();
const next = await open();
const product = await twoByTwo(next);
closeSession(next);
const told = JSON.stringify({
  reason: met instanceof GpuError ? met.reason : String(met),
  message: (met as Error).message,
  sticks: again === met,
  parts: count,
  left: full.buffers.count,
  returned,
  product,
});
// A pipe would lose what is written late before the exit.
writeSync(1, `\n${told}\n`);
process.exit(0);

function addressSpace(): number {
  return Number(/VmSize:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
}

/** Sets the soft limit, which may be raised again. */
function limitAddressSpace(limit: string): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${process.pid}`, `--as=${limit}:`], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

async function twoByTwo(session: Session): Promise<number[]> {
  const { buffers } = session;
  const [a, b] = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 7, 8)].map((values) =>
    buffers.upload(values, 'one'),
  );
  const c = buffers.create(4, 'a product');
  await runProduct(session, { m: 2, n: 2, k: 2, a: a!, b: b!, c });
  return [...new Float32Array(await buffers.read(c))];
}
