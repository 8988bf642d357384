import type { Count } from '../backend/backend';
import type { Pacer } from '../core/progress';
import { deflate } from './deflate';
import { implicitQl } from './implicitQl';
import { rootOf, secularRoots, secularVectors } from './secular';
import { subtractProduct } from './subtractProduct';

const EPSILON = 2 ** -53;
/** Up to this size a block is solved by QL. */
const LEAF = 32;
/** Rows and columns of a tile of a product: a multiple of three, which `subtractProduct` takes at a time. */
const TILE = 48;

export interface Eigenpairs {
  /** All n, falling. */
  readonly values: Float64Array;
  /** `[count, n]`; row i is the unit eigenvector of values[i]. */
  readonly vectors: Float64Array<ArrayBuffer>;
}

/**
 * Eigenvalues of the symmetric tridiagonal matrix with `d` on its diagonal and `e` beside it (n entries each, the last
 * of `e` of no meaning; both are destroyed), and the leading eigenvectors, by divide and conquer (Cuppen 1981): without
 * one entry beside the diagonal the matrix falls into two halves, and that entry is a change of rank one to their
 * eigenvalues. The work is products of matrices; the last one, three quarters of it, makes only what is wanted.
 *
 * Values to some roundoffs of the norm, vectors orthogonal to some roundoffs. Entries must be finite and of magnitude 1
 * or so.
 */
export async function divideAndConquer(
  d: Float64Array,
  e: Float64Array,
  count: Count,
  pacer: Pacer,
  onProgress?: (share: number) => void,
): Promise<Eigenpairs> {
  const n = d.length;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]) + Math.abs(e[i]));
  const problem: Problem = { n, d, e, x: new Float64Array(n * n), negligible: 8 * EPSILON * norm, pacer };
  if (n <= LEAF) {
    solveLeaf(problem, 0, n);
    onProgress?.(1);
    return leafPairs(problem, count);
  }
  const half = n >> 1;
  const rest = split(problem, half);
  await solve(problem, 0, half);
  onProgress?.(0.2);
  await solve(problem, half, n);
  onProgress?.(0.4);
  const found = await lastMerge(problem, half, rest, count);
  onProgress?.(1);
  return found;
}

interface Problem {
  readonly n: number;
  /** The eigenvalues of solved blocks, rising. */
  readonly d: Float64Array;
  readonly e: Float64Array;
  /** `[n, n]`, one block on the diagonal for each that is solved; column i is the eigenvector of d_i. */
  readonly x: Float64Array;
  /** Entries up to this size are roundoff of the whole matrix. */
  readonly negligible: number;
  readonly pacer: Pacer;
}

/** Removes the entry between rows at − 1 and at, as a change of rank one, and returns it. */
function split({ d, e }: Problem, at: number): number {
  const entry = e[at - 1];
  d[at - 1] -= Math.abs(entry);
  d[at] -= Math.abs(entry);
  return entry;
}

async function solve(problem: Problem, from: number, to: number): Promise<void> {
  if (to - from <= LEAF) return solveLeaf(problem, from, to);
  const half = (from + to) >> 1;
  const entry = split(problem, half);
  await solve(problem, from, half);
  await solve(problem, half, to);
  await merge(problem, from, half, to, entry);
}

function solveLeaf({ n, d, e, x, negligible }: Problem, from: number, to: number): void {
  for (let i = from; i < to; i++) x[i * n + i] = 1;
  const values = d.subarray(from, to);
  implicitQl(values, e.slice(from, to), negligible / 8, (i, cos, sin) => {
    for (let at = from * n + from + i; at < to * n; at += n) {
      const next = x[at + 1];
      x[at + 1] = sin * x[at] + cos * next;
      x[at] = cos * x[at] - sin * next;
    }
  });
  const order = rising(values);
  permute(x, n, from, to, order);
  values.set(Float64Array.from(order, (i) => values[i]));
}

/** Columns of the block in a new order: column i is what column order[i] was. */
function permute(x: Float64Array, n: number, from: number, to: number, order: readonly number[]): void {
  for (let row = from; row < to; row++) {
    const old = x.slice(row * n + from, row * n + to);
    order.forEach((column, i) => {
      x[row * n + from + i] = old[column];
    });
  }
}

const rising = (values: Float64Array): number[] => Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
const wanted = (count: Count, falling: Float64Array): number => (typeof count === 'number' ? count : count(falling));

function leafPairs({ n, d, x }: Problem, count: Count): Eigenpairs {
  const values = d.slice().reverse();
  const rows = wanted(count, values);
  const vectors = new Float64Array(rows * n);
  for (let i = 0; i < rows; i++) for (let c = 0; c < n; c++) vectors[i * n + c] = x[c * n + n - 1 - i];
  return { values, vectors };
}

/** The eigenproblem diag(d) + ρ·z·zᵀ of two solved blocks, deflated, and its eigenvalues. */
function coupled({ n, d, x, negligible }: Problem, from: number, half: number, to: number, entry: number) {
  const size = to - from;
  const values = d.slice(from, to);
  // The last row of the upper block's vectors and the first of the lower one's, each of length 1.
  const z = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const column = from + i;
    z[i] = Math.SQRT1_2 * (column < half ? x[(half - 1) * n + column] : Math.sign(entry) * x[half * n + column]);
  }
  const rho = 2 * Math.abs(entry);
  // A column reaches into both blocks once it was turned against one of the other.
  const inUpper = Uint8Array.from({ length: size }, (_, i) => Number(from + i < half));
  const inLower = Uint8Array.from({ length: size }, (_, i) => Number(from + i >= half));
  const { kept, done, ...secular } = deflate(values, z, rising(values), rho, negligible, (a, b, cos, sin) => {
    inUpper[a] = inUpper[b] = inUpper[a]! | inUpper[b]!;
    inLower[a] = inLower[b] = inLower[a]! | inLower[b]!;
    for (let at = from * n + from; at < to * n; at += n) {
      const xa = x[at + a];
      const xb = x[at + b];
      x[at + a] = cos * xa + sin * xb;
      x[at + b] = cos * xb - sin * xa;
    }
  });
  const roots = secularRoots(secular.d, secular.z, rho);
  const k = kept.length;
  // Roots are 0 … k − 1. The finished columns follow them.
  const all = Float64Array.from({ length: size }, (_, i) => (i < k ? rootOf(roots, i) : values[done[i - k]!]!));
  const vectors = (first: number) => secularVectors(roots, secular.z, rho, first);
  return { kept, done, all, order: rising(all), vectors, inUpper, inLower };
}

type Coupled = ReturnType<typeof coupled>;

/** The part of the kept columns that is not zero in rows top … bottom, `[bottom − top, columns]`. */
function gather(
  { x, n }: Problem,
  from: number,
  top: number,
  bottom: number,
  columns: readonly number[],
): Float64Array {
  const part = new Float64Array((bottom - top) * columns.length);
  for (let row = top, at = 0; row < bottom; row++) {
    for (const column of columns) part[at++] = x[row * n + from + column];
  }
  return part;
}

/** −S, where S holds the entries of the roots' vectors `[count, k]` for some of the kept columns. */
function negated(vectors: Float64Array, k: number, positions: readonly number[]): Float64Array {
  const count = vectors.length / k;
  const part = new Float64Array(count * positions.length);
  for (let i = 0, at = 0; i < count; i++) for (const p of positions) part[at++] = -vectors[i * k + p];
  return part;
}

/** For each of the two blocks of rows: its rows, the kept columns that are not zero in it, and their indices among the kept
 * columns. */
function halves({ kept, inUpper, inLower }: Coupled, from: number, half: number, to: number) {
  return [
    { top: from, bottom: half, reaches: inUpper },
    { top: half, bottom: to, reaches: inLower },
  ].map(({ top, bottom, reaches }) => {
    const positions = Array.from(kept.keys()).filter((p) => reaches[kept[p]]! === 1);
    return { top, bottom, positions, columns: positions.map((p) => kept[p]) };
  });
}

async function merge(problem: Problem, from: number, half: number, to: number, entry: number): Promise<void> {
  const { n, d, x, pacer } = problem;
  const system = coupled(problem, from, half, to, entry);
  const { kept, done, all, order } = system;
  const k = kept.length;
  await pacer.breathe();
  const vectors = system.vectors(0);
  await pacer.breathe();
  for (const { top, bottom, positions, columns } of halves(system, from, half, to)) {
    const part = gather(problem, from, top, bottom, columns);
    const turned = new Float64Array((bottom - top) * k);
    await subtractTiled(turned, part, negated(vectors, k, positions), bottom - top, k, positions.length, pacer);
    for (let row = top; row < bottom; row++) {
      const old = x.slice(row * n + from, row * n + to);
      for (let i = 0; i < order.length; i++) {
        const which = order[i]!;
        x[row * n + from + i] = which < k ? turned[(row - top) * k + which] : old[done[which - k]!];
      }
    }
  }
  d.set(
    Float64Array.from(order, (which) => all[which]),
    from,
  );
}

/** Merges the last two blocks, and computes only the leading vectors, as rows. */
async function lastMerge(problem: Problem, half: number, entry: number, count: Count): Promise<Eigenpairs> {
  const { n, x, pacer } = problem;
  const system = coupled(problem, 0, half, n, entry);
  const { kept, done, all, order } = system;
  const k = kept.length;
  const falling = order.toReversed();
  const values = Float64Array.from(falling, (which) => all[which]);
  const rows = wanted(count, values);
  const leading = falling.slice(0, rows);
  const first = leading.reduce((least, which) => Math.min(least, which), k);
  await pacer.breathe();
  const secular = system.vectors(first);
  await pacer.breathe();
  const turned = new Float64Array((k - first) * n);
  for (const { top, bottom, positions, columns } of halves(system, 0, half, n)) {
    const part = gather(problem, 0, top, bottom, columns);
    const target = { values: turned, at: top, stride: n };
    await subtractTiled(target, negated(secular, k, positions), part, k - first, bottom - top, positions.length, pacer);
  }
  const vectors = new Float64Array(rows * n);
  leading.forEach((which, i) => {
    if (which < k) vectors.set(turned.subarray((which - first) * n, (which - first + 1) * n), i * n);
    else for (let c = 0; c < n; c++) vectors[i * n + c] = x[c * n + done[which - k]!]!;
  });
  return { values, vectors };
}

/** C −= A·Bᵀ, `[m, n]` from `[m, k]` and `[n, k]`, in tiles that fit into the caches. */
async function subtractTiled(
  c: Float64Array | { values: Float64Array; at: number; stride: number },
  a: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
  pacer: Pacer,
): Promise<void> {
  const { values, at, stride } = c instanceof Float64Array ? { values: c, at: 0, stride: n } : c;
  for (let top = 0; top < m; top += TILE) {
    for (let left = 0; left < n; left += TILE) {
      subtractProduct(
        { values, at: at + top * stride + left, stride },
        { values: a, at: top * k, stride: k },
        { values: b, at: left * k, stride: k },
        Math.min(TILE, m - top),
        Math.min(TILE, n - left),
        k,
      );
    }
    await pacer.breathe();
  }
}
