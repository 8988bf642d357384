// Runs in the browser: the adapter's ceilings and the engine's kernels, then products beside the peers'.

import { quantile } from '../../src/engine/core/quantile';
import { type GpuReport, measureGpu } from '../../src/engine/measure/measureGpu';
import { compare } from '../../src/engine/reference/compare';
import { normal } from '../../src/engine/reference/random';
import { type Multiplier, type Peer, peers } from './peers';
import { quantizedPeers } from './quantizedPeers';

export interface PeerTime {
  readonly name: string;
  /** Milliseconds of one product, and the largest difference from this engine's result; or why there is none. */
  readonly ms?: number;
  readonly difference?: number;
  readonly failure?: string;
}

export interface PeerResult {
  readonly shape: string;
  readonly times: readonly PeerTime[];
}

const ROUNDS = 5;
const ROUND_MS = 60;
const MOST_REPEATS = 200;

function shapesFor({ software }: GpuReport): [number, number, number][] {
  // A software adapter shares its cores with everything else: small sizes, or the run takes minutes.
  const squares = software ? [128, 256, 512, 1024] : [256, 512, 1024, 2048];
  const vectors = software ? [256, 512, 1024, 2048] : [1024, 2048, 4096];
  return [
    ...squares.map((n): [number, number, number] => [n, n, n]),
    ...vectors.map((n): [number, number, number] => [1, n, n]),
  ];
}

interface Entry {
  readonly peer: Peer;
  readonly multiplier?: Multiplier;
  result?: Float32Array;
  readonly failure?: string;
}

async function compareOne(
  peer: Peer,
  m: number,
  k: number,
  n: number,
  a: Float32Array,
  b: Float32Array,
): Promise<Entry> {
  try {
    console.info(`  ${peer.name}`);
    const multiplier = await peer.open(m, k, n, a, b);
    return { peer, multiplier, result: await multiplier.read() };
  } catch (error) {
    return { peer, failure: String(error) };
  }
}

/** Every peer has its operands on the GPU; a round runs some products and waits for the last. Rounds are interleaved. */
async function compareShape(all: readonly Peer[], [m, k, n]: [number, number, number]): Promise<PeerResult> {
  const [a, b] = [Float32Array.from(normal(m * k, 1)), Float32Array.from(normal(k * n, 2))];
  const entries: Entry[] = [];
  for (const peer of all) entries.push(await compareOne(peer, m, k, n, a, b));
  const times = new Map<Entry, number[]>();
  const repeats = new Map<Entry, number>();
  for (const entry of entries) {
    if (!entry.multiplier) continue;
    // The first run was `read`, which compiled; these warm up, and the last tells how many make a round.
    await entry.multiplier.run(2);
    const started = performance.now();
    await entry.multiplier.run(1);
    const once = performance.now() - started;
    repeats.set(entry, Math.max(1, Math.min(MOST_REPEATS, Math.round(ROUND_MS / once))));
    times.set(entry, []);
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [entry, taken] of times) {
      const count = repeats.get(entry)!;
      const started = performance.now();
      await entry.multiplier!.run(count);
      taken.push((performance.now() - started) / count);
    }
  }
  // After the timed runs, so that what is timed is what is checked.
  for (const entry of entries) if (entry.multiplier) entry.result = await entry.multiplier.read();
  const own = entries[0]!.result!;
  for (const { multiplier } of entries) multiplier?.free();
  return {
    shape: `[${m}, ${k}]·[${k}, ${n}]`,
    times: entries.map((entry): PeerTime => {
      const { peer, result, failure } = entry;
      if (!result) return { name: peer.name, failure: failure! };
      return { name: peer.name, ms: quantile(times.get(entry)!, 0.5), difference: compare(result, own).difference };
    }),
  };
}

export interface Result {
  readonly gpu: GpuReport;
  readonly peers: readonly PeerResult[];
  /** Weights of 4 bits in groups of 32. */
  readonly quantized: readonly PeerResult[];
}

async function run(): Promise<Result> {
  const gpu = await measureGpu(navigator.gpu, { onProgress: ({ label }) => console.info(label) });
  const results: PeerResult[] = [];
  const all = await peers();
  for (const shape of shapesFor(gpu)) {
    console.info(`Peers, ${shape.join(' × ')}`);
    results.push(await compareShape(all, shape));
  }
  const quantized: PeerResult[] = [];
  const weights = await quantizedPeers();
  for (const tokens of [1, 256]) {
    console.info(`Weights of 4 bits, ${tokens} tokens`);
    quantized.push(await compareShape(weights, [tokens, 1024, 1024]));
  }
  return { gpu, peers: results, quantized };
}

Object.assign(globalThis, { run });
