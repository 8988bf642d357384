import {
  IDENTITY,
  type Influences,
  type Interval,
  influencesOf,
  meanInterval,
  shareInterval,
  type Transform,
} from '../intervals';
import { SampleSums } from '../sampleSums';
import { isDistribution } from './distribution';
import type { ClosenessCounter, OutputPair, Scale } from './metric';

interface MeanOptions {
  /** The value where nothing was added. */
  readonly ifEmpty?: number;
  /** From the mean to the value. */
  readonly transform?: Transform | undefined;
  readonly scale?: Scale;
}

/** A value that is computed from a mean over samples, with its interval. */
export class SampleMean {
  constructor(
    private readonly options: MeanOptions,
    readonly sums = new SampleSums(),
  ) {}

  get value(): number {
    const { ifEmpty = Number.NaN, transform = IDENTITY } = this.options;
    return this.sums.weight === 0 ? ifEmpty : transform.of(this.sums.mean);
  }

  get influences(): Influences {
    if (this.sums.weight === 0) return { value: this.value, bySample: new Map() };
    return influencesOf(this.sums, this.options.transform);
  }

  get interval(): Interval | undefined {
    return this.options.scale === 'share' ? shareInterval(this.sums) : meanInterval(this.sums, this.options.transform);
  }
}

/** The mean of what is measured of each sample, weighted by what the sample weighs. */
export class SampleCounter extends SampleMean implements ClosenessCounter {
  constructor(
    private readonly measure: (pair: OutputPair) => { readonly sum: number; readonly weight: number },
    options: MeanOptions,
  ) {
    super(options);
  }

  add(pair: OutputPair): void {
    const { sum, weight } = this.measure(pair);
    this.sums.add(pair.sample, sum, weight);
  }
}

type CompareRows = (original: ArrayLike<number>, compressed: ArrayLike<number>, start: number, width: number) => number;

/**
 * The mean of a measure over rows of choices. Whether rows are logits or probabilities is known only after the last
 * one, so both readings are summed until one fails.
 */
export class RowMean implements ClosenessCounter {
  readonly #ofLogits: SampleMean;
  readonly #ofProbabilities: SampleMean;
  #isProbabilities = true;

  /** `ifEmpty`: the value of outputs without elements, which are the same in both models. */
  constructor(
    private readonly logits: CompareRows,
    private readonly probabilities: CompareRows,
    options: MeanOptions,
  ) {
    this.#ofLogits = new SampleMean(options);
    this.#ofProbabilities = new SampleMean(options);
  }

  add({ sample, choices }: OutputPair): void {
    const { rows, width } = choices;
    const [a, b] = choices.logits;
    const [p, q] = choices.probabilities;
    let [ofLogits, ofProbabilities] = [0, 0];
    for (let row = 0; row < rows; row++) ofLogits += this.logits(a, b, row * width, width);
    for (let row = 0; row < rows && this.#isProbabilities; row++) {
      this.#isProbabilities = isDistribution(p, row * width, width);
      ofProbabilities += this.probabilities(p, q, row * width, width);
    }
    this.#ofLogits.sums.add(sample, ofLogits, rows);
    this.#ofProbabilities.sums.add(sample, ofProbabilities, rows);
  }

  get value(): number {
    return this.#read.value;
  }

  get influences(): Influences {
    return this.#read.influences;
  }

  get interval(): Interval | undefined {
    return this.#read.interval;
  }

  get #read(): SampleMean {
    return this.#isProbabilities ? this.#ofProbabilities : this.#ofLogits;
  }
}
