import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import { isFloat, toNumbers } from './convert';
import type { Batch } from './dataset';
import { argmax, isDistribution, klOfLogits, klOfProbabilities } from './distribution';
import type { FidelityReport } from './report';

type Outputs = Readonly<Record<string, HostTensor>>;

/**
 * How close a compressed model's outputs stay to the original's, summed up batch by batch.
 *
 * Every floating-point output is read as rows along its last axis (the classes of a classifier or of a language
 * model, a detector's numbers per anchor; a trailing 1×1 image is not an axis). A row of one number is the choice
 * between yes and no. Over its rows an output gives
 *
 * - agreement: the share whose largest entry is the same one
 * - majority: the share of the original's most frequent largest entry: agreement near it says nothing
 * - kl: the mean of KL(original ‖ compressed) in nats, of the rows' softmax, or of the rows themselves where every
 *   row of the original sums to 1 already. Where the last axis is no choice (a feature map's width), it is merely
 *   a distance: 0 for equal outputs, larger for farther ones.
 * - cosine: of the outputs on all samples, taken as one vector
 *
 * and a model gives the mean over its outputs, and the largest absolute difference (maxAbsolute) of any element.
 * An output whose shape differs between the two (a detector's list of finds) cannot be compared and is left out.
 */
export class Fidelity {
  readonly #outputs = new Map<string, OutputFidelity>();
  readonly #left = new Map<string, string>();

  /** Throws a UserError that names model, output and sample where a value is NaN or infinite. */
  add(original: Outputs, compressed: Outputs, batch: Batch): void {
    for (const [name, before] of Object.entries(original)) {
      const after = Object.hasOwn(compressed, name) && compressed[name];
      if (!isFloat(before.type)) continue;
      if (!after)
        throw new UserError(`The compressed model has no output "${name}"; compare it with its own original.`);
      const shapes = [before, after].map(({ dims }) => `[${dims.join(', ')}]`);
      if (shapes[0] !== shapes[1]) {
        this.#left.set(name, `"${name}" is ${shapes[0]} in the original and ${shapes[1]} in the compressed model`);
        continue;
      }
      if (!this.#outputs.has(name)) this.#outputs.set(name, new OutputFidelity(name));
      this.#outputs.get(name)!.add(before, after, batch);
    }
  }

  /** Throws a UserError where there was nothing to compare. */
  report(): FidelityReport {
    const outputs = [...this.#outputs].filter(([name]) => !this.#left.has(name)).map(([, output]) => output);
    if (outputs.length === 0) {
      const reason = [...this.#left.values()][0] ?? 'neither has an output of floating-point numbers';
      throw new UserError(`The models cannot be compared: ${reason}.`);
    }
    const mean = (of: (output: OutputFidelity) => number) =>
      outputs.reduce((sum, output) => sum + of(output), 0) / outputs.length;
    return {
      agreement: mean((output) => output.agreement),
      majority: mean((output) => output.majority),
      kl: mean((output) => output.kl),
      cosine: mean((output) => output.cosine),
      maxAbsolute: Math.max(...outputs.map((output) => output.maxAbsolute)),
    };
  }
}

class OutputFidelity {
  maxAbsolute = 0;
  #rows = 0;
  #dot = 0;
  #squaresA = 0;
  #squaresB = 0;
  // Whether rows are probabilities is only known after the last one, so both readings are summed up until one fails.
  #probabilities = true;
  // How often the original gave each answer; a probability's largest entry is its logit's.
  readonly #answers = new Map<number, number>();
  #asLogits = { agreeing: 0, kl: 0 };
  #asProbabilities = { agreeing: 0, kl: 0 };

  constructor(private readonly name: string) {}

  add(before: HostTensor, after: HostTensor, batch: Batch): void {
    const width = rowWidth(before.dims, batch.fed);
    // Copies that filled a fixed batch up do not count.
    const share = before.dims[0] === batch.fed ? batch.samples / batch.fed : 1;
    const a = toNumbers(before);
    const b = toNumbers(after);
    const length = Math.round(a.length * share);
    this.#compareValues(a, b, length, batch);
    const rows = width === 0 ? 0 : length / width;
    this.#rows += rows;
    if (width === 1) {
      const ends = (values: ArrayLike<number>, rest: (value: number) => number) =>
        Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? rest(values[i >> 1]) : values[i >> 1]));
      // σ(v) is the softmax of (v, 0).
      this.#compareLogits(
        ends(a, () => 0),
        ends(b, () => 0),
        2,
        rows,
      );
      this.#compareProbabilities(
        ends(a, (v) => 1 - v),
        ends(b, (v) => 1 - v),
        2,
        rows,
      );
    } else {
      this.#compareLogits(a, b, width, rows);
      this.#compareProbabilities(a, b, width, rows);
    }
  }

  #compareValues(a: ArrayLike<number>, b: ArrayLike<number>, length: number, batch: Batch): void {
    for (let i = 0; i < length; i++) {
      const x = a[i];
      const y = b[i];
      // −∞ is how models say "impossible"; where both say it, they agree.
      if (x === Number.NEGATIVE_INFINITY && y === x) continue;
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        const sample = batch.start + Math.floor((i * batch.samples) / length);
        throw nonFinite(this.name, Number.isFinite(x) ? 'compressed' : 'original', Number.isFinite(x) ? y : x, sample);
      }
      this.#dot += x * y;
      this.#squaresA += x * x;
      this.#squaresB += y * y;
      const difference = Math.abs(x - y);
      if (difference > this.maxAbsolute) this.maxAbsolute = difference;
    }
  }

  #compareLogits(a: ArrayLike<number>, b: ArrayLike<number>, width: number, rows: number): void {
    for (let row = 0; row < rows; row++) {
      const answer = argmax(a, row * width, width);
      this.#answers.set(answer, (this.#answers.get(answer) ?? 0) + 1);
      if (answer === argmax(b, row * width, width)) this.#asLogits.agreeing++;
      this.#asLogits.kl += klOfLogits(a, b, row * width, width);
    }
  }

  #compareProbabilities(p: ArrayLike<number>, q: ArrayLike<number>, width: number, rows: number): void {
    for (let row = 0; row < rows && this.#probabilities; row++) {
      this.#probabilities = isDistribution(p, row * width, width);
      if (argmax(p, row * width, width) === argmax(q, row * width, width)) this.#asProbabilities.agreeing++;
      this.#asProbabilities.kl += klOfProbabilities(p, q, row * width, width);
    }
  }

  get #reading() {
    return this.#probabilities ? this.#asProbabilities : this.#asLogits;
  }

  // An output without elements is the same in both models.
  get agreement(): number {
    return this.#rows === 0 ? 1 : this.#reading.agreeing / this.#rows;
  }

  get majority(): number {
    return this.#rows === 0 ? 1 : Math.max(...this.#answers.values()) / this.#rows;
  }

  get kl(): number {
    return this.#rows === 0 ? 0 : this.#reading.kl / this.#rows;
  }

  get cosine(): number {
    if (this.#squaresA === 0 && this.#squaresB === 0) return 1;
    if (this.#squaresA === 0 || this.#squaresB === 0) return 0;
    // √(a·b) is exactly a for a = b, which √a·√b is not; squares of float32 are far from overflowing.
    const cosine = this.#dot / Math.sqrt(this.#squaresA * this.#squaresB);
    return Math.max(-1, Math.min(1, cosine));
  }
}

/** Entries of one row: the last axis, but for a trailing 1×1 image, or an axis that is the batch. */
function rowWidth(dims: readonly number[], fed: number): number {
  const axes = [...dims];
  if (axes.length >= 4) while (axes.length > 2 && axes.at(-1) === 1) axes.pop();
  if (axes.length === 0 || (axes.length === 1 && axes[0] === fed)) return 1;
  return axes.at(-1)!;
}

function nonFinite(output: string, model: 'original' | 'compressed', value: number, sample: number): UserError {
  const remedy =
    model === 'original' ? 'check the data it is given' : 'compress it less, or leave out the layer at fault';
  const what = Number.isNaN(value) ? 'NaN' : 'an infinite value';
  return new UserError(`The ${model} model's output "${output}" holds ${what} at sample ${sample}: ${remedy}.`);
}
