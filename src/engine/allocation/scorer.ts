import { isFloat, toNumbers } from '../evaluation/convert';
import { type Batch, IGNORED, type Labels } from '../evaluation/dataset';
import { argmax, isDistribution, klOfLogits, klOfProbabilities } from '../evaluation/metrics/distribution';
import { outputKindOf, rowWidth, sampleAxis } from '../evaluation/outputKind';
import type { HostTensor } from '../runtime';

type Outputs = Readonly<Record<string, HostTensor>>;

/** By sample: how far the answer moved from the original's, and what the metric lost. */
export interface SampleScores {
  readonly damage: number[];
  readonly loss: number[];
}

/** How one output is compared. */
interface Reading {
  readonly name: string;
  readonly isChoice: boolean;
  /** Rows of choices are probabilities; logits otherwise. */
  readonly isProbability: boolean;
}

/**
 * Compares the outputs of a compressed model with those of the original, sample by sample. Rows of choices are compared by
 * KL(original ‖ compressed) in nats, other numbers by ‖y−ŷ‖²/‖y‖², which is additive over small changes in the same way.
 * Loss is the share of labels that are no longer right. Without labels it is the share of answers that are no longer the
 * original's, and where outputs are no choices, 1 − cosine. What is not finite counts as the largest damage.
 */
export class Scorer {
  #readings: readonly Reading[] | undefined;
  #right = 0;
  #seen = 0;

  constructor(
    private readonly labels: Labels | undefined,
    private readonly generated: boolean,
  ) {}

  get measure(): string {
    const kinds = new Set(this.#known.map(({ isChoice }) => (isChoice ? 'kl' : 'nmse')));
    return [...kinds].sort().join(' + ');
  }

  get metric(): string {
    if (this.labels) return 'top1';
    return this.#known.some(({ isChoice }) => isChoice) ? 'agreement' : 'cosine';
  }

  /** The mean of the metric for the original over the samples that were seen: 1 without labels. */
  get original(): number {
    return this.labels && this.#seen > 0 ? this.#right / this.#seen : 1;
  }

  /** Looks at outputs of the original. */
  see(outputs: Outputs, batch: Batch): void {
    this.#readings ??= this.#readingsOf(outputs, batch);
    if (!this.labels) return;
    for (let sample = 0; sample < batch.samples; sample++) {
      this.#right += this.#rightShare(outputs, batch, sample);
      this.#seen++;
    }
  }

  score(before: Outputs, after: Outputs, batch: Batch): SampleScores {
    const scores: SampleScores = { damage: [], loss: [] };
    for (let sample = 0; sample < batch.samples; sample++) {
      const found = this.#known.map((reading) => compare(reading, before, after, batch, sample));
      const damage = meanOf(found.map(({ damage }) => damage));
      scores.damage.push(Number.isFinite(damage) ? damage : WORST);
      if (this.labels) {
        const [was, is] = [before, after].map((outputs) => this.#rightShare(outputs, batch, sample));
        scores.loss.push(was! - is!);
      } else {
        const choices = found.filter((_, i) => this.#known[i]!.isChoice);
        const loss = meanOf((choices.length > 0 ? choices : found).map(({ loss }) => loss));
        scores.loss.push(Number.isFinite(loss) ? loss : 1);
      }
    }
    return scores;
  }

  get #known(): readonly Reading[] {
    if (!this.#readings) throw new Error('No output of the original has been seen.');
    return this.#readings;
  }

  #readingsOf(outputs: Outputs, { fed, feeds, labels }: Batch): Reading[] {
    const all = Object.entries(outputs).filter(([, { type, data }]) => isFloat(type) && data.length > 0);
    const answer = labels && all.find(([, { dims, data }]) => this.#fits(rowWidth(dims, fed), data.length, fed))?.[0];
    const kinds = all.map(([name, tensor]) => {
      const values = toNumbers(tensor);
      const kind = outputKindOf({
        name,
        dims: tensor.dims,
        values,
        fed,
        feeds,
        labelled: name === answer,
        generated: this.generated,
      });
      const width = rowWidth(tensor.dims, fed);
      const isProbability =
        width === 1
          ? Array.prototype.every.call(values, (value: number) => value >= 0 && value <= 1)
          : isDistribution(values, 0, width);
      return { name, kind, isChoice: kind === 'choices', isProbability };
    });
    if (answer !== undefined) return kinds.filter(({ name }) => name === answer);
    const answers = kinds.filter(({ kind }) => kind !== 'state');
    return answers.length > 0 ? answers : kinds;
  }

  #fits(width: number, length: number, fed: number): boolean {
    return width > 1 && length === fed * this.labels!.perSample * width;
  }

  /** The share of a sample's labels whose answer is the largest. */
  #rightShare(outputs: Outputs, batch: Batch, sample: number): number {
    const { perSample } = this.labels!;
    const [{ name } = { name: '' }] = this.#known;
    const values = toNumbers(outputs[name]!);
    const width = values.length / (batch.fed * perSample);
    let [right, counted] = [0, 0];
    for (let i = 0; i < perSample; i++) {
      const row = sample * perSample + i;
      const label = batch.labels![row]!;
      if (label === IGNORED) continue;
      counted++;
      if (argmax(values, row * width, width) === label) right++;
    }
    return counted === 0 ? 0 : right / counted;
  }
}

/** A KL divergence beyond any that is worth telling apart, in place of numbers that are not finite. */
const WORST = 1e3;

function compare(
  { name, isChoice, isProbability }: Reading,
  before: Outputs,
  after: Outputs,
  batch: Batch,
  sample: number,
): { readonly damage: number; readonly loss: number } {
  const tensor = before[name]!;
  const a = sliceOf(tensor, batch.fed, sample);
  const b = sliceOf(after[name]!, batch.fed, sample);
  // A list of finds may have another length.
  if (a.length !== b.length) return { damage: Number.NaN, loss: Number.NaN };
  if (!isChoice) return distance(a, b);
  const width = rowWidth(tensor.dims, batch.fed);
  return width === 1 ? yesOrNo(a, b, isProbability) : choices(a, b, width, isProbability);
}

function choices(a: ArrayLike<number>, b: ArrayLike<number>, width: number, isProbability: boolean) {
  const kl = isProbability ? klOfProbabilities : klOfLogits;
  const rows = a.length / width;
  let [damage, loss] = [0, 0];
  for (let start = 0; start < a.length; start += width) {
    damage += kl(a, b, start, width);
    if (argmax(a, start, width) !== argmax(b, start, width)) loss++;
  }
  return { damage: damage / rows, loss: loss / rows };
}

/** One number: a probability, or the logit of one. */
function yesOrNo(a: ArrayLike<number>, b: ArrayLike<number>, isProbability: boolean) {
  const pair = (value: number) => (isProbability ? [1 - value, value] : [0, value]);
  const threshold = isProbability ? 0.5 : 0;
  let [damage, loss] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    damage += (isProbability ? klOfProbabilities : klOfLogits)(pair(a[i]!), pair(b[i]!), 0, 2);
    if (a[i]! > threshold !== b[i]! > threshold) loss++;
  }
  return { damage: damage / a.length, loss: loss / a.length };
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>) {
  let [aa, bb, ab, difference] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    aa += x * x;
    bb += y * y;
    ab += x * y;
    difference += (x - y) ** 2;
  }
  if (aa === 0) return difference === 0 ? { damage: 0, loss: 0 } : { damage: 1, loss: 1 };
  return { damage: difference / aa, loss: bb === 0 ? 1 : Math.max(0, 1 - ab / Math.sqrt(aa * bb)) };
}

/** The numbers of one sample; all of them where the output has no axis of samples. */
function sliceOf(tensor: HostTensor, fed: number, sample: number): ArrayLike<number> {
  const values = toNumbers(tensor) as Float32Array;
  const axis = fed === 1 ? undefined : sampleAxis(tensor.dims, fed);
  if (axis === undefined) return values;
  const inner = tensor.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  if (axis === 0) return values.subarray(sample * inner, (sample + 1) * inner);
  const outer = values.length / (fed * inner);
  const slice = new Float32Array(outer * inner);
  for (let i = 0; i < outer; i++)
    slice.set(values.subarray((i * fed + sample) * inner, (i * fed + sample + 1) * inner), i * inner);
  return slice;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
