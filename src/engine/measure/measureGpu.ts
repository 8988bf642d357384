import { UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import { quantile } from '../core/quantile';
import { CEILING_KERNELS } from '../gpu/ceilings';
import { tunedVariants } from '../gpu/products/tunedVariants';
import { closeSession, openSession, type Session } from '../gpu/session';
import { type Clock, Stopwatch } from '../gpu/stopwatch';
import type { TuningStore } from '../gpu/tuning';
import type { Variants } from '../gpu/variants';
import type { Case } from './case';
import { ceilingCases, kernelCases, type Sizes } from './cases';
import { type SparsityCurve, sparsityCases } from './sparsity';

/** The rates of an adapter, and of the engine's kernels on it. All rates are measured. */
export interface GpuReport {
  readonly adapter: string;
  readonly software: boolean;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  readonly clock: Clock;
  /** 10⁹ floating-point operations, and 10⁹ bytes read and written, per second. */
  readonly ceilings: { readonly gflops: number; readonly gigabytes: number };
  /** Which variants of the kernels were measured: what tuning chose, or the usual ones. */
  readonly variants: Variants;
  readonly kernels: readonly KernelRate[];
  readonly sparsity: { readonly n: number; readonly curves: readonly SparsityCurve[] };
}

export interface KernelRate {
  readonly name: string;
  readonly shape: string;
  readonly ms: number;
  readonly gflops: number;
  readonly gigabytes: number;
  /** Which ceiling limits this work. */
  readonly bound: 'arithmetic' | 'memory';
  /** The shortest time that the ceilings allow, divided by the measured time: above 0, and at most about 1. */
  readonly share: number;
}

export interface MeasureCall extends LongCall {
  /** Where the fastest variants are remembered. Without it the usual ones are measured. */
  readonly tuning?: TuningStore;
}

const ROUNDS = 5;
// Long enough for a clock with steps of 0.1 ms, and short enough to keep a desktop responsive.
const MEASUREMENT_MS = 15;
const MOST_REPEATS = 256;

const TOKENS = [1, 16, 256];
const HARDWARE: Sizes = {
  products: [256, 512, 1024, 2048],
  vectors: [1024, 4096],
  values: 2 ** 24,
  steps: 512,
  sparsity: { n: 2048, tokens: TOKENS },
};
const SOFTWARE: Sizes = {
  products: [128, 256],
  vectors: [512, 1024],
  values: 2 ** 20,
  steps: 16,
  sparsity: { n: 512, tokens: TOKENS },
};

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
] as const;

/**
 * Measures the adapter that the engine uses, in some seconds. The results are medians of rounds in which all cases take
 * turns, so a disturbance does not affect a single case. It uses a device of its own, so losing it breaks nothing else.
 * `sizes` are usually those that suit the adapter. Throws a UserError where there is no adapter, and the signal's
 * AbortError.
 */
export async function measureGpu(gpu: GPU, call: MeasureCall = {}, sizes?: Sizes): Promise<GpuReport> {
  const session = await openSession(gpu, { panelBytes: Number.POSITIVE_INFINITY, tuning: call.tuning });
  if (!session) throw new UserError('There is no WebGPU adapter to measure: use a browser and a driver with WebGPU.');
  try {
    return await measureSession(session, call, sizes ?? (session.device.software ? SOFTWARE : HARDWARE));
  } finally {
    closeSession(session);
  }
}

async function measureSession(session: Session, { signal, onProgress }: LongCall, sizes: Sizes): Promise<GpuReport> {
  const { device, dispatcher } = session;
  const stopwatch = new Stopwatch(device, dispatcher);
  onProgress?.({ done: 0, total: 1, label: 'Compiling' });
  for (const kernel of CEILING_KERNELS) await dispatcher.pipelines.prepare(kernel as never);
  const variants = await tunedVariants(session);
  const rated: Case[] = [...ceilingCases(session, sizes), ...(await kernelCases(session, variants, sizes))];
  const sparsity = await sparsityCases(session, variants, sizes.sparsity);
  const cases = [...rated, ...sparsity.cases];
  const total = cases.length * (ROUNDS + 1);
  let done = 0;
  const tell = ({ name, shape }: Case) => {
    signal?.throwIfAborted();
    onProgress?.({ done: done++, total, label: `${name}, ${shape}` });
  };
  const times = new Map<Case, number[]>(cases.map((each) => [each, []]));
  const repeats = new Map<Case, number>();
  try {
    for (const each of cases) {
      tell(each);
      // Paced runs find the adapter's rate, which decides the size of the timed dispatches.
      for (let run = 0; run < 4; run++) await dispatcher.runPaced(each.dispatches(), session.productPace, { signal });
      const once = await stopwatch.time(each.dispatches());
      repeats.set(each, Math.max(1, Math.min(MOST_REPEATS, Math.floor(MEASUREMENT_MS / Math.max(once, 0.01)))));
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const each of cases) {
        tell(each);
        const count = repeats.get(each)!;
        const dispatches = Array.from({ length: count }, () => each.dispatches()).flat();
        times.get(each)!.push((await stopwatch.time(dispatches)) / count);
      }
    }
  } finally {
    stopwatch.free();
    for (const each of cases) each.free();
    sparsity.free();
  }
  const ms = (each: Case) => quantile(times.get(each)!, 0.5);
  const [arithmetic, memory, ...kernels] = rated as [Case, Case, ...Case[]];
  const ceilings = { gflops: arithmetic.flops / ms(arithmetic) / 1e6, gigabytes: memory.bytes / ms(memory) / 1e6 };
  onProgress?.({ done: total, total, label: 'Done' });
  return {
    adapter: device.name,
    software: device.software,
    limits: Object.fromEntries(LIMITS.map((name) => [name, device.gpu.limits[name]])),
    features: [...device.gpu.features].sort(),
    clock: stopwatch.clock,
    ceilings,
    variants,
    kernels: kernels.map((each) => rateOf(each, ms(each), ceilings)),
    sparsity: { n: sizes.sparsity.n, curves: sparsity.curves(ms) },
  };
}

/** Compares a case with the roofline: the longer of the times that arithmetic and memory need at least. */
export function rateOf(
  { name, shape, flops, bytes }: Pick<Case, 'name' | 'shape' | 'flops' | 'bytes'>,
  ms: number,
  ceilings: GpuReport['ceilings'],
): KernelRate {
  const arithmetic = flops / ceilings.gflops / 1e6;
  const memory = bytes / ceilings.gigabytes / 1e6;
  return {
    name,
    shape,
    ms,
    gflops: flops / ms / 1e6,
    gigabytes: bytes / ms / 1e6,
    bound: arithmetic >= memory ? 'arithmetic' : 'memory',
    share: Math.max(arithmetic, memory) / ms,
  };
}
