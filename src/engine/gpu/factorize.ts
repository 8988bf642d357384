import { type Dispatch, dispatch, type PacedCall } from './dispatcher';
import {
  applyKernel,
  BLOCK,
  diagonalizeKernel,
  gatherKernel,
  gramKernel,
  identityKernel,
  normsKernel,
  PAIR_ENTRIES,
} from './kernels';
import type { Pace } from './pace';
import { runProduct } from './runProduct';
import type { Session } from './session';

export interface FactorizeCall {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

// Unit roundoff of float32.
const ROUNDOFF = 2 ** -24;
const MOST_SWEEPS = 30;
const INNER_SWEEPS = 4;
// With all cosines below this, the sweep that saw them has squared them: what is left is below `tolerance`.
const CONVERGED = 1e-4;
// Close enough to the end for R and J to be made anew (see `refresh`).
const REFRESH = 3e-2;
const USUAL_SWEEPS = 8;
// Enough workgroups to fill a large GPU when there are few pairs of blocks.
const GRAM_WORKGROUPS = 256;
const LEAST_COLUMNS_PER_SPLIT = 256;
// What one diagonalisation weighs beside the products when batches are sized: 4 sweeps of 496 rotations, and barriers.
const DIAGONALIZE_WORK = 4e6;

/**
 * Left singular vectors by one-sided block Jacobi on rows.
 *
 * R = A and J = I are rotated together, so that R = J·A all the way, until the rows of R are orthogonal: then R = Σ·Vᵀ
 * and the rows of J are the left singular vectors. Rows go in blocks of 16. In each round of a round-robin tournament
 * disjoint pairs of blocks meet: `gram` forms the Gram matrix of their 32 rows from R as it is, `diagonalize` finds
 * the rotation that makes these rows orthogonal and sorts them by falling length (de Rijk's order, with which close
 * singular values converge quadratically too), `apply` rotates R and J.
 *
 * Returns a new [m, m] buffer whose row i is the i-th left singular vector of `a` [m, n]. Throws a RangeError where `a` has
 * values that are not finite, an Error after 30 sweeps without convergence, and the signal's AbortError.
 */
export async function factorize(
  context: Session,
  a: GPUBuffer,
  m: number,
  n: number,
  call: FactorizeCall = {},
): Promise<GPUBuffer> {
  const { dispatcher, buffers } = context;
  await dispatcher.pipelines.prepare(
    ...[gramKernel, diagonalizeKernel, applyKernel, normsKernel, gatherKernel, identityKernel],
  );
  call.signal?.throwIfAborted();
  const own: GPUBuffer[] = [];
  const create = (length: number, what: string) => {
    const buffer = buffers.create(length, what);
    own.push(buffer);
    return buffer;
  };
  try {
    const work = workspace(create, m, n);
    await start(context, work, a);
    const norms = new Float32Array(await buffers.read(work.normsR));
    const energy = norms.reduce((sum, norm) => sum + norm, 0);
    if (!Number.isFinite(energy)) {
      throw new RangeError(`The matrix [${m}, ${n}] has values that are not finite, or too large to be squared.`);
    }
    if (energy > 0) await sweeps(context, work, a, energy, call);
    const order = await sortedRows(context, work);
    call.onProgress?.(1);
    return order;
  } finally {
    buffers.free(...own);
  }
}

/** Rows are padded with zeros to a whole number of pairs of blocks; zero rows are orthogonal to all and stay put. */
function workspace(create: (length: number, what: string) => GPUBuffer, m: number, n: number) {
  const blocks = 2 * Math.ceil(m / (2 * BLOCK));
  const pairs = blocks / 2;
  const padded = blocks * BLOCK;
  const wanted = Math.ceil(GRAM_WORKGROUPS / pairs);
  const splits = Math.max(1, Math.min(wanted, Math.floor(n / LEAST_COLUMNS_PER_SPLIT)));
  const what = `The factorisation of a [${m}, ${n}] matrix`;
  return {
    m,
    n,
    blocks,
    pairs,
    padded,
    splits,
    columnsPerSplit: Math.ceil(n / splits),
    r: create(padded * n, what),
    j: create(padded * m, what),
    partial: create(pairs * splits * PAIR_ENTRIES, what),
    rotations: create(pairs * PAIR_ENTRIES, what),
    changed: create(pairs, what),
    largestCosine: create(1, what),
    normsR: create(padded, what),
    normsJ: create(padded, what),
  };
}
type Workspace = ReturnType<typeof workspace>;

async function start({ dispatcher }: Session, work: Workspace, a: GPUBuffer): Promise<void> {
  dispatcher.copy(a, work.r, work.m * work.n);
  dispatcher.submit([
    dispatch(identityKernel, { columns: work.m }, [work.j], work.m),
    dispatch(normsKernel, { rows: work.padded, columns: work.n }, [work.r, work.normsR], 2 * work.padded * work.n),
  ]);
}

async function sweeps(context: Session, work: Workspace, a: GPUBuffer, energy: number, call: FactorizeCall) {
  const { dispatcher, buffers, rotationPace } = context;
  // The cosine of two orthogonal rows comes out as the rounding of a dot product of n terms, summed in parts.
  const tolerance = Math.max(1e-6, 2 * ROUNDOFF * Math.sqrt(work.n));
  // Rows this short hold, all of them together, 2·roundoff of the matrix: rotating them would chase noise.
  const noise = (2 * ROUNDOFF) ** 2 * (energy / work.m);
  let refreshed = false;
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    dispatcher.clear(work.largestCosine);
    const total = sweepWork(work);
    let done = 0;
    const paced: PacedCall = {
      signal: call.signal,
      onWork: (batch) => {
        done = Math.min(done + batch, total);
        const expected = Math.max(USUAL_SWEEPS, sweep + 2);
        call.onProgress?.((sweep + done / total) / expected);
      },
    };
    await dispatcher.runPaced(sweepDispatches(work, tolerance, noise, rotationPace), rotationPace, paced);
    const largest = new Float32Array(await buffers.read(work.largestCosine))[0];
    if (largest <= CONVERGED) return;
    if (!refreshed && largest <= REFRESH) {
      await refresh(context, work, a, call.signal);
      refreshed = true;
    }
  }
  throw new Error(`The factorisation of a [${work.m}, ${work.n}] matrix did not converge in ${MOST_SWEEPS} sweeps.`);
}

function pairWork({ m, n }: Workspace): number {
  return 2 * PAIR_ENTRIES * (2 * n + m) + DIAGONALIZE_WORK;
}

function sweepWork(work: Workspace): number {
  return pairWork(work) * work.pairs * (work.blocks - 1);
}

/** One round after the other; a round is cut into groups of pairs where it is more than half a batch. */
function* sweepDispatches(work: Workspace, tolerance: number, noise: number, pace: Pace): Generator<Dispatch> {
  const { m, n, blocks, splits, columnsPerSplit, r, j, partial, rotations, changed, largestCosine } = work;
  for (let round = 0; round < blocks - 1; round++) {
    let pairs: number;
    for (let firstPair = 0; firstPair < work.pairs; firstPair += pairs) {
      pairs = Math.max(1, Math.min(work.pairs - firstPair, Math.floor(pace.budget / 2 / pairWork(work))));
      const meeting = { blocks, round, firstPair, pairs };
      const product = 2 * PAIR_ENTRIES * pairs;
      yield dispatch(gramKernel, { ...meeting, columns: n, splits, columnsPerSplit }, [r, partial], product * n);
      yield dispatch(
        diagonalizeKernel,
        { firstPair, pairs, splits, sweeps: INNER_SWEEPS, tolerance, noise },
        [partial, rotations, changed, largestCosine],
        DIAGONALIZE_WORK * pairs,
      );
      yield dispatch(applyKernel, { ...meeting, columns: n }, [rotations, changed, r], product * n);
      yield dispatch(applyKernel, { ...meeting, columns: m }, [rotations, changed, j], product * m);
    }
  }
}

/**
 * Removes the rounding that many sweeps of rotations left: J becomes orthogonal again by one Newton–Schulz step,
 * J ← 1.5·J − 0.5·(J·Jᵀ)·J, and R is J·A once more. The sweeps that follow rotate little, so they add little.
 */
async function refresh(context: Session, work: Workspace, a: GPUBuffer, signal?: AbortSignal) {
  const { dispatcher, buffers } = context;
  const { m, n, padded, j, r } = work;
  const what = `The factorisation of a [${m}, ${n}] matrix`;
  const polished = buffers.create(padded * m, what);
  const square = buffers.create(padded * padded, what);
  try {
    dispatcher.copy(j, polished, padded * m);
    const steps = [
      { m: padded, n: padded, k: m, a: j, b: j, c: square, transposeB: true },
      { m: padded, n: m, k: padded, a: square, b: j, c: polished, alpha: -0.5, beta: 1.5 },
    ];
    for (const step of steps) await runProduct(context, step, { signal });
    dispatcher.copy(polished, j, padded * m);
    await runProduct(context, { m: padded, n, k: m, a: j, b: a, c: r }, { signal });
  } finally {
    buffers.free(polished, square);
  }
}

/** The rows of J by falling length of R's rows; zero rows of A come before the padding, whose rows of J are zero. */
async function sortedRows({ dispatcher, buffers }: Session, work: Workspace): Promise<GPUBuffer> {
  const { m, n, padded, r, j, normsR, normsJ } = work;
  dispatcher.submit([
    dispatch(normsKernel, { rows: padded, columns: n }, [r, normsR], 2 * padded * n),
    dispatch(normsKernel, { rows: padded, columns: m }, [j, normsJ], 2 * padded * m),
  ]);
  const lengths = new Float32Array(await buffers.read(normsR));
  const real = new Float32Array(await buffers.read(normsJ));
  const rows = Array.from({ length: padded }, (_, row) => row).filter((row) => real[row] > 0.5);
  if (rows.length !== m) throw new Error(`The factorisation of a [${m}, ${n}] matrix lost rows.`);
  rows.sort((first, second) => lengths[second] - lengths[first] || first - second);
  const order = buffers.upload(Uint32Array.from(rows), 'the order of the singular vectors');
  try {
    const sorted = buffers.create(m * m, `The singular vectors of a [${m}, ${n}] matrix`);
    dispatcher.submit([dispatch(gatherKernel, { rows: m, columns: m }, [j, order, sorted], m * m)]);
    return sorted;
  } finally {
    buffers.free(order);
  }
}
