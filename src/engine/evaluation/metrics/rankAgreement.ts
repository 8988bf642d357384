import type { ClosenessCounter, ClosenessMetric } from './metric';

/** Samples that are compared with each other. */
const MOST_SAMPLES = 256;
/** Numbers that are kept of both models' outputs. */
const MOST_NUMBERS = 2 ** 22;
/** Two samples have one similarity: there is no order to compare. */
const FEWEST_SAMPLES = 3;

/**
 * Whether the compressed model finds the same samples alike. For each sample, the others are ranked by the cosine of
 * their embeddings with its own; the value is Spearman's correlation of both models' ranks, its mean over samples. It
 * looks at the first samples where there are many.
 */
export const rankAgreement: ClosenessMetric = {
  name: 'rankAgreement',
  against: 'original',
  title: 'rank agreement',
  fullTitle: 'agreement of the ranks of similar samples',
  note: 'For each sample, the others are ranked by how similar their embeddings are. Spearman correlation of the ranks in both models; 1 is the same order. Measured.',
  scale: 'cosine',
  better: 'higher',
  smallLoss: 0.02,
  fits: ['embedding'],
  overOutputs: 'mean',
  same: 1,
  shown: 'everywhere',
  counter(): ClosenessCounter {
    const kept = { original: [] as Float64Array[], compressed: [] as Float64Array[] };
    let numbers = 0;
    return {
      add({ original, compressed }) {
        numbers += 2 * original.length;
        if (kept.original.length >= MOST_SAMPLES || numbers > MOST_NUMBERS) return;
        kept.original.push(normalised(original));
        kept.compressed.push(normalised(compressed));
      },
      get value() {
        const samples = kept.original.length;
        if (samples < FEWEST_SAMPLES) return undefined;
        let sum = 0;
        for (let sample = 0; sample < samples; sample++)
          sum += correlation(ranksAround(kept.original, sample), ranksAround(kept.compressed, sample));
        return sum / samples;
      },
    };
  },
};

function normalised(values: ArrayLike<number>): Float64Array {
  const out = Float64Array.from(values);
  let squares = 0;
  for (const value of out) squares += value * value;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  return out.map((value) => value * scale);
}

/** The ranks of the other samples by their similarity to this one; equal ones share the mean of their ranks. */
function ranksAround(vectors: readonly Float64Array[], sample: number): Float64Array {
  const similarity = vectors.flatMap((other, i) => (i === sample ? [] : [dot(vectors[sample]!, other)]));
  const order = similarity.map((_, i) => i).sort((a, b) => similarity[a]! - similarity[b]!);
  const ranks = new Float64Array(order.length);
  for (let first = 0; first < order.length; ) {
    let last = first;
    while (last + 1 < order.length && similarity[order[last + 1]!] === similarity[order[first]!]) last++;
    for (let i = first; i <= last; i++) ranks[order[i]!] = (first + last) / 2;
    first = last + 1;
  }
  return ranks;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Pearson's correlation; of two constant rankings 1, of one 0. */
function correlation(a: Float64Array, b: Float64Array): number {
  const middle = (a.length - 1) / 2;
  let [both, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += (a[i]! - middle) * (b[i]! - middle);
    ofA += (a[i]! - middle) ** 2;
    ofB += (b[i]! - middle) ** 2;
  }
  if (ofA === 0 || ofB === 0) return ofA === ofB ? 1 : 0;
  return both / Math.sqrt(ofA * ofB);
}
