import { isDistribution } from './distribution';
import type { ClosenessCounter, OutputPair } from './metric';

type CompareRows = (original: ArrayLike<number>, compressed: ArrayLike<number>, start: number, width: number) => number;

/**
 * The mean of a measure over rows of choices. Whether rows are logits or probabilities is known only after the last
 * one, so both readings are summed until one fails.
 */
export class RowMean implements ClosenessCounter {
  #rows = 0;
  #probabilities = true;
  #ofLogits = 0;
  #ofProbabilities = 0;

  /** `ifEmpty`: the value of outputs without elements, which are the same in both models. */
  constructor(
    private readonly logits: CompareRows,
    private readonly probabilities: CompareRows,
    private readonly ifEmpty: number,
  ) {}

  add({ choices }: OutputPair): void {
    const { rows, width } = choices;
    const [a, b] = choices.logits;
    const [p, q] = choices.probabilities;
    this.#rows += rows;
    for (let row = 0; row < rows; row++) this.#ofLogits += this.logits(a, b, row * width, width);
    for (let row = 0; row < rows && this.#probabilities; row++) {
      this.#probabilities = isDistribution(p, row * width, width);
      this.#ofProbabilities += this.probabilities(p, q, row * width, width);
    }
  }

  get value(): number {
    if (this.#rows === 0) return this.ifEmpty;
    return (this.#probabilities ? this.#ofProbabilities : this.#ofLogits) / this.#rows;
  }
}
