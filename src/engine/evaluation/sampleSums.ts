/**
 * A measure summed over the positions of each sample, with the weight of each sample: how many positions it has, or the
 * squares of what it is measured against. The mean is Σ sums / Σ weights. Samples are independent of each other, the
 * positions of one sample are not: a text's next word depends on the ones before it.
 */
export class SampleSums {
  readonly #sums: number[] = [];
  readonly #weights: number[] = [];
  #sum = 0;
  #weight = 0;

  /** Adds to sample number `sample`; once or more. */
  add(sample: number, sum: number, weight = 1): void {
    while (this.#sums.length <= sample) {
      this.#sums.push(0);
      this.#weights.push(0);
    }
    this.#sums[sample]! += sum;
    this.#weights[sample]! += weight;
    this.#sum += sum;
    this.#weight += weight;
  }

  /** NaN where nothing was added. */
  get mean(): number {
    return this.#sum / this.#weight;
  }

  get weight(): number {
    return this.#weight;
  }

  get sum(): number {
    return this.#sum;
  }

  /** The numbers of the samples that have a weight; others, whose labels are all ignored, tell nothing. */
  get samples(): number[] {
    return this.#weights.flatMap((weight, sample) => (weight > 0 ? [sample] : []));
  }

  sumOf(sample: number): number {
    return this.#sums[sample] ?? 0;
  }

  weightOf(sample: number): number {
    return this.#weights[sample] ?? 0;
  }

  /** What was added here less what was added to `other`, which weighs its samples in the same way. */
  minus(other: SampleSums): SampleSums {
    const difference = new SampleSums();
    for (const sample of this.samples)
      difference.add(sample, this.sumOf(sample) - other.sumOf(sample), this.weightOf(sample));
    return difference;
  }
}
