/** Multiples of 1, 2 or 5 · 10ⁿ from `low` to `high`, about `count` of them. */
export function roundTicks(low: number, high: number, count: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / count;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = decade * ([1, 2, 5].find((factor) => factor * decade >= 0.75 * rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // Multiples of the step can be off by a rounding error, and would show as 0.8900000000000001.
  return Array.from({ length: last - first + 1 }, (_, i) => +((first + i) * step).toPrecision(12));
}

/** 1, 2 and 5 times powers of ten from `low` to `high`, for a logarithmic axis; over more than two decades the powers alone. */
export function logarithmicTicks(low: number, high: number): number[] {
  const steps = high / low > 100 ? [1] : [1, 2, 5];
  const powers = Array.from(
    { length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 },
    (_, i) => 10 ** (Math.floor(Math.log10(low)) + i),
  );
  return powers
    .flatMap((power) => steps.map((step) => +(step * power).toPrecision(12)))
    .filter((tick) => tick >= low && tick <= high);
}

/** Halves, quarters, eighths, … of the whole from `low` to `high`, rising. */
export const halvings = (low: number, high: number): number[] =>
  Array.from({ length: 24 }, (_, i) => 2 ** -i)
    .filter((share) => share >= low && share <= high)
    .reverse();
