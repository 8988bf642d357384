const EPSILON = 2 ** -53;
/** The most steps for one root. Three or four are usual; bisection alone may need over a thousand. */
const MOST_STEPS = 1200;

/**
 * Roots of the secular equation 1 + ρ·Σ z_j²/(d_j − λ) = 0, rising: the eigenvalues of diag(d) + ρ·z·zᵀ. Root i lies
 * between the poles d_i and d_{i+1}, the last one between d_{k−1} and d_{k−1} + ρ·‖z‖².
 *
 * A root may lie so close to a pole that, as one number, it would lose all digits of their distance, of which
 * eigenvectors are made. So it is a pole and an offset: λ_i = d[pole_i] + offset_i.
 */
export interface SecularRoots {
  readonly d: Float64Array;
  readonly poles: Int32Array;
  readonly offsets: Float64Array;
}

export const rootOf = ({ d, poles, offsets }: SecularRoots, i: number): number => d[poles[i]] + offsets[i];

/** All roots, for d that rises strictly, ρ > 0, and no z_j near zero: `deflate` sees to it. */
export function secularRoots(d: Float64Array, z: Float64Array, rho: number): SecularRoots {
  const k = d.length;
  const roots: SecularRoots = { d, poles: new Int32Array(k), offsets: new Float64Array(k) };
  const weights = z.map((value) => value * value);
  const shifted = new Float64Array(k);
  if (k === 1) roots.offsets[0] = rho * weights[0];
  else for (let i = 0; i < k; i++) solve(roots, weights, 1 / rho, i, shifted);
  return roots;
}

/**
 * Root i of f(λ) = 1/ρ + Σ weight_j/(d_j − λ), which rises between poles. Each step replaces f by c + s/(d_a − λ) +
 * S/(d_b − λ) with the same value and slopes for the two poles beside the root (Li 1994, LAPACK working note 89), within
 * an interval that shrinks around the root; a step that would leave it goes to its middle. `shifted` is room for d.
 */
function solve(
  { d, poles, offsets }: SecularRoots,
  weights: Float64Array,
  inverse: number,
  i: number,
  shifted: Float64Array,
): void {
  const k = d.length;
  const last = i === k - 1;
  // The last root has no pole above it, so the two poles below it are used.
  const a = last ? k - 2 : i;
  const b = a + 1;
  let norm = 0;
  for (let j = 0; j < k; j++) norm += weights[j];
  const start = last ? d[b] : d[a];
  const half = 0.5 * (last ? norm / inverse : d[b] - d[a]);
  let far = inverse;
  for (let j = 0; j < k; j++) if (j !== a && j !== b) far += weights[j] / (d[j] - start - half);
  const middle = far + weights[a] / (d[a] - start - half) + weights[b] / (d[b] - start - half);
  // The sign halfway says in which half the root lies, and so which pole is nearer: the origin from now on.
  const origin = last || middle < 0 ? b : a;
  let [low, high] = [0, half];
  if (middle < 0) [low, high] = last ? [half, 2 * half] : [-half, 0];
  for (let j = 0; j < k; j++) shifted[j] = d[j] - d[origin];

  // f with all but two terms as they are halfway: far·t² − p·t + q, times the denominators.
  const p = far * (shifted[a] + shifted[b]) + weights[a] + weights[b];
  const q = far * shifted[a] * shifted[b] + weights[a] * shifted[b] + weights[b] * shifted[a];
  let t = within(low, high, quadraticRoot(far, p, q, last));
  for (let step = 0; step < MOST_STEPS; step++) {
    let psi = 0;
    let psiSlope = 0;
    for (let j = 0; j <= a; j++) {
      const reciprocal = 1 / (shifted[j] - t);
      const term = weights[j] * reciprocal;
      psi += term;
      psiSlope += term * reciprocal;
    }
    let phi = 0;
    let phiSlope = 0;
    for (let j = b; j < k; j++) {
      const reciprocal = 1 / (shifted[j] - t);
      const term = weights[j] * reciprocal;
      phi += term;
      phiSlope += term * reciprocal;
    }
    const f = inverse + psi + phi;
    // When f is below the rounding error of its terms, it has no more information.
    if (Math.abs(f) <= 8 * EPSILON * (inverse + Math.abs(psi) + Math.abs(phi))) break;
    if (f < 0) low = t;
    else high = t;
    if (high - low <= 2 * EPSILON * Math.max(Math.abs(low), Math.abs(high))) break;
    const [A, B] = [shifted[a] - t, shifted[b] - t];
    const c = f - A * psiSlope - B * phiSlope;
    const slope = psiSlope + phiSlope;
    const eta = quadraticRoot(last ? Math.abs(c) : c, (A + B) * f - A * B * slope, A * B * f, last);
    // f rises: a step along its sign is rounding.
    t = within(low, high, t + (f * eta < 0 ? eta : -f / slope));
  }
  poles[i] = origin;
  offsets[i] = t;
}

/** `guess` if it lies inside the interval, else the middle. */
const within = (low: number, high: number, guess: number): number =>
  guess > low && guess < high ? guess : low + (high - low) / 2;

/** The root of c·x² − p·x + q between the poles, or above both, by the formula that does not cancel. */
function quadraticRoot(c: number, p: number, q: number, above: boolean): number {
  const root = Math.sqrt(Math.abs(p * p - 4 * q * c));
  if (above) return p >= 0 ? (p + root) / (2 * c) : (2 * q) / (p - root);
  return p > 0 ? (2 * q) / (p + root) : (p - root) / (2 * c);
}

/**
 * Unit eigenvectors of diag(d) + ρ·z·zᵀ for the roots from `first` on, `[k − first, k]`, one to a row. They are those
 * of a z recomputed from the roots (Gu and Eisenstat 1994), to which the roots belong exactly: with the given z, vectors
 * of close roots would not be orthogonal.
 */
export function secularVectors(
  { d, poles, offsets }: SecularRoots,
  z: Float64Array,
  rho: number,
  first: number,
): Float64Array {
  const k = d.length;
  const exact = new Float64Array(k);
  for (let j = 0; j < k; j++) {
    // ρ·z_j² = Π_i (λ_i − d_j) / Π_{i≠j} (d_i − d_j), each root with a pole close to it, so that no factor overflows.
    let square = (d[poles[k - 1]] - d[j] + offsets[k - 1]) / rho;
    for (let i = 0; i < j; i++) square *= (d[poles[i]] - d[j] + offsets[i]) / (d[i] - d[j]);
    for (let i = j; i < k - 1; i++) square *= (d[poles[i]] - d[j] + offsets[i]) / (d[i + 1] - d[j]);
    exact[j] = Math.sign(z[j]) * Math.sqrt(Math.abs(square));
  }
  const vectors = new Float64Array((k - first) * k);
  for (let i = first; i < k; i++) {
    const at = (i - first) * k;
    let sum = 0;
    for (let j = 0; j < k; j++) {
      const entry = exact[j] / (d[j] - d[poles[i]] - offsets[i]);
      vectors[at + j] = entry;
      sum += entry * entry;
    }
    const scale = 1 / Math.sqrt(sum);
    for (let j = 0; j < k; j++) vectors[at + j] *= scale;
  }
  return vectors;
}
