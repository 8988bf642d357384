/** The candidate with the fewest single-character edits from `wanted` (Levenshtein), the first of equals. */
function nearest(wanted: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const edits = distance(wanted, candidate);
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** The first candidate that contains `wanted`, else the nearest. */
export function closest(wanted: string, candidates: readonly string[]): string | undefined {
  const lower = wanted.toLowerCase();
  const whole = lower.length > 2 ? candidates.find((candidate) => candidate.toLowerCase().includes(lower)) : undefined;
  return whole ?? nearest(wanted, candidates);
}

/**
 * A hint for a name that is none of the candidates: "did you mean rank?" where a candidate contains it or differs by at
 * most half of its characters, else "there are rank, size."
 */
export function didYouMean(wanted: string, candidates: readonly string[]): string {
  const lower = wanted.toLowerCase();
  const close = closest(wanted, candidates);
  const found = close?.toLowerCase() ?? '';
  if (close !== undefined && (found.includes(lower) || distance(lower, found) <= wanted.length / 2))
    return `did you mean ${close}?`;
  return candidates.length === 0 ? 'there are none.' : `there are ${candidates.join(', ')}.`;
}
