import type { Estimated } from '../core/estimated';
import { isFloat, toNumbers } from '../evaluation/convert';
import { type Batch, type Dataset, IGNORED } from '../evaluation/dataset';
import { argmax, isDistribution, klOfLogits, klOfProbabilities } from '../evaluation/metrics/distribution';
import { type OutputKind, outputKindOf, rowWidth, sampleAxis } from '../evaluation/outputKind';
import { fitsLabels } from '../evaluation/score';
import type { HostTensor } from '../runtime';

export type Outputs = Readonly<Record<string, HostTensor>>;

/** How close a compressed model's answers are to the original's, as promises speak of it. */
export interface Closeness {
  /** Share of the choices that are the same. Absent where no output chooses, or where the original always chooses the same. */
  readonly agreement?: Estimated;
  /** Mean over samples of the cosine to the original's output; of several outputs, that of the least one. */
  readonly cosine?: Estimated;
  /** Against labels: the share of right answers before and after, and what is lost, paired by sample. */
  readonly accuracy?: { readonly before: number; readonly after: number; readonly loss: Estimated };
  /**
   * A distance that adds up over layers better than the others: the mean of KL divergences, or of relative squared errors.
   * Infinite where the compressed model gives numbers that are not finite.
   */
  readonly distance: number;
}

/** A batch with what the original answers to it. */
export interface Answered {
  readonly batch: Batch;
  readonly outputs: Outputs;
}

/** An output that is compared, and how. */
interface Compared {
  readonly name: string;
  readonly asChoices: boolean;
  readonly labelled: boolean;
  /** A single number says yes above it: a probability above ½, a logit above 0. */
  readonly yesAbove: number;
}

/** Above this share of equal answers of the original, an agreement says little. */
const CONSTANT_SHARE = 0.9;
/** The cosine of fewer numbers says little: of a single one it is 1 or −1. */
const FEWEST_NUMBERS = 4;

/**
 * Compares the answers of compressed models with those of the original on the same samples. What is compared follows from
 * what each output is: choices by their agreement, everything else by the cosine. What a model hands on to its next run
 * counts only where it gives nothing else.
 */
export class ClosenessMeter {
  readonly #outputs: readonly Compared[];

  /** Throws nothing; `isComparable` tells whether there is anything to compare. */
  constructor(
    private readonly answered: readonly Answered[],
    private readonly dataset: Pick<Dataset, 'labels' | 'generated'>,
  ) {
    this.#outputs = comparedOutputs(answered, dataset);
  }

  get isComparable(): boolean {
    return this.#outputs.length > 0;
  }

  /** `after`: what the compressed model answers to each batch. */
  measure(after: readonly Outputs[]): Closeness {
    const perOutput = this.#outputs.map((output) => this.#measureOutput(output, after));
    const agreements = perOutput.flatMap(({ agreement }) => agreement ?? []);
    const cosines = perOutput.flatMap(({ cosine }) => cosine ?? []);
    const accuracy = perOutput.find(({ accuracy }) => accuracy)?.accuracy;
    const distance = perOutput.reduce((sum, output) => sum + output.distance, 0) / perOutput.length;
    return {
      ...(agreements.length > 0 && { agreement: least(agreements) }),
      ...(cosines.length > 0 && { cosine: least(cosines) }),
      ...(accuracy && { accuracy }),
      distance,
    };
  }

  #isShort(name: string): boolean {
    const { batch, outputs } = this.answered[0]!;
    return samplesOf(outputs[name]!, batch)[0]!.length < FEWEST_NUMBERS;
  }

  #measureOutput(output: Compared, after: readonly Outputs[]): Closeness {
    const { name, asChoices, labelled, yesAbove } = output;
    // A cosine of a few numbers says nothing: those of all samples are one vector.
    const together = !asChoices && this.#isShort(name);
    const vectors: [ArrayLike<number>[], ArrayLike<number>[]] = [[], []];
    const agreements: number[] = [];
    const cosines: number[] = [];
    const losses: number[] = [];
    const distances: number[] = [];
    let [right, rightAfter, counted] = [0, 0, 0];
    for (const [at, { batch, outputs }] of this.answered.entries()) {
      const [before, now] = [outputs[name]!, after[at]![name]];
      const width = rowWidth(before.dims, batch.fed);
      const originals = samplesOf(before, batch);
      const others = now && now.dims.join() === before.dims.join() ? samplesOf(now, batch) : undefined;
      for (const [sample, original] of originals.entries()) {
        const other = others?.[sample];
        if (!other || !hasNumbers(other)) {
          // An answer that is no number agrees with nothing.
          agreements.push(0);
          cosines.push(0);
          distances.push(Number.POSITIVE_INFINITY);
          if (labelled) losses.push(1);
          continue;
        }
        if (asChoices) agreements.push(agreementOf(original, other, width, yesAbove));
        else if (together) for (const [i, one] of [original, other].entries()) vectors[i]!.push(one);
        else cosines.push(cosineOf(original, other));
        distances.push(asChoices && width > 1 ? divergence(original, other, width) : squaredError(original, other));
        if (!labelled) continue;
        const { perSample } = this.dataset.labels!;
        const ids = batch.labels!.subarray(sample * perSample, (sample + 1) * perSample);
        const scored = scores(original, other, ids);
        right += scored.before;
        rightAfter += scored.after;
        counted += scored.counted;
        if (scored.counted > 0) losses.push((scored.before - scored.after) / scored.counted);
      }
    }
    if (vectors[0].length > 0) cosines.push(cosineOf(joined(vectors[0]), joined(vectors[1])));
    return {
      ...(asChoices ? { agreement: estimated(agreements) } : { cosine: estimated(cosines) }),
      ...(labelled &&
        counted > 0 && {
          accuracy: { before: right / counted, after: rightAfter / counted, loss: estimated(losses) },
        }),
      distance: distances.reduce((sum, one) => sum + one, 0) / distances.length,
    };
  }
}

const joined = (all: readonly ArrayLike<number>[]): number[] => all.flatMap((one) => Array.from(one));

function comparedOutputs(
  answered: readonly Answered[],
  { labels, generated }: Pick<Dataset, 'labels' | 'generated'>,
): Compared[] {
  const [first] = answered;
  if (!first) return [];
  const { batch, outputs } = first;
  const labelledName =
    labels && Object.keys(outputs).find((name) => fitsLabels(outputs[name]!, batch.fed, labels.perSample, labels.kind));
  const found: (Compared & { readonly kind: OutputKind })[] = [];
  for (const [name, tensor] of Object.entries(outputs)) {
    if (!isFloat(tensor.type) || tensor.dims.includes(0)) continue;
    const labelled = name === labelledName;
    const facts = { name, dims: tensor.dims, values: toNumbers(tensor), fed: batch.fed, feeds: batch.feeds };
    const kind = outputKindOf({ ...facts, labelled, generated });
    const yesAbove = answered.every(({ outputs }) => isWithinOne(toNumbers(outputs[name]!))) ? 0.5 : 0;
    const asChoices = kind === 'choices' && (labelled || majorityOf(answered, name, yesAbove) <= CONSTANT_SHARE);
    found.push({ name, kind, asChoices, labelled, yesAbove });
  }
  const answers = found.filter(({ kind }) => kind !== 'state');
  return answers.length > 0 ? answers : found;
}

/** The share of the answer that the original gives most often. */
function majorityOf(answered: readonly Answered[], name: string, yesAbove: number): number {
  const counts = new Map<number, number>();
  let rows = 0;
  for (const { batch, outputs } of answered) {
    const width = rowWidth(outputs[name]!.dims, batch.fed);
    for (const sample of samplesOf(outputs[name]!, batch)) {
      for (let start = 0; start < sample.length; start += width, rows++) {
        const answer = answerOf(sample, start, width, yesAbove);
        counts.set(answer, (counts.get(answer) ?? 0) + 1);
      }
    }
  }
  return rows === 0 ? 1 : Math.max(...counts.values()) / rows;
}

/** The numbers of each sample that counts, in order; one list for a run whose samples cannot be told apart. */
function samplesOf(tensor: HostTensor, { fed, samples }: Pick<Batch, 'fed' | 'samples'>): ArrayLike<number>[] {
  const values = toNumbers(tensor);
  const axis = sampleAxis(tensor.dims, fed);
  if (axis === undefined) return [values];
  const size = values.length / fed;
  const plain = Float32Array.from(values);
  if (axis === 0) return Array.from({ length: samples }, (_, i) => plain.subarray(i * size, (i + 1) * size));
  // [d, n, …]: each sample is a column of blocks.
  const blocks = tensor.dims[0]!;
  const inner = size / blocks;
  return Array.from({ length: samples }, (_, sample) => {
    const own = new Float32Array(size);
    for (let block = 0; block < blocks; block++) {
      const from = (block * fed + sample) * inner;
      own.set(plain.subarray(from, from + inner), block * inner);
    }
    return own;
  });
}

function hasNumbers(values: ArrayLike<number>): boolean {
  // −∞ is how models say "impossible".
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i]) && values[i] !== Number.NEGATIVE_INFINITY) return false;
  return true;
}

function isWithinOne(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!(values[i]! >= 0 && values[i]! <= 1)) return false;
  return true;
}

const answerOf = (values: ArrayLike<number>, start: number, width: number, yesAbove: number): number =>
  width > 1 ? argmax(values, start, width) : Number(values[start]! > yesAbove);

function agreementOf(a: ArrayLike<number>, b: ArrayLike<number>, width: number, yesAbove: number): number {
  const rows = a.length / width;
  let same = 0;
  for (let start = 0; start < a.length; start += width)
    if (answerOf(a, start, width, yesAbove) === answerOf(b, start, width, yesAbove)) same++;
  return same / rows;
}

function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === Number.NEGATIVE_INFINITY || y === Number.NEGATIVE_INFINITY) continue;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  if (aa === 0 && bb === 0) return 1;
  return aa === 0 || bb === 0 ? 0 : Math.max(-1, Math.min(1, dot / Math.sqrt(aa * bb)));
}

function squaredError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [error, energy] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === Number.NEGATIVE_INFINITY || y === Number.NEGATIVE_INFINITY) continue;
    error += (x - y) ** 2;
    energy += x * x;
  }
  if (error === 0) return 0;
  return energy === 0 ? 1 : error / energy;
}

/** Mean over rows of KL(original ‖ compressed), in nats. */
function divergence(a: ArrayLike<number>, b: ArrayLike<number>, width: number): number {
  let [sum, rows] = [0, 0];
  for (let start = 0; start < a.length; start += width, rows++)
    sum += (isDistribution(a, start, width) ? klOfProbabilities : klOfLogits)(a, b, start, width);
  return rows === 0 ? 0 : sum / rows;
}

function scores(a: ArrayLike<number>, b: ArrayLike<number>, ids: Int32Array) {
  const width = a.length / ids.length;
  let [before, after, counted] = [0, 0, 0];
  for (const [row, id] of ids.entries()) {
    if (id === IGNORED) continue;
    counted++;
    if (argmax(a, row * width, width) === id) before++;
    if (argmax(b, row * width, width) === id) after++;
  }
  return { before, after, counted };
}

/** Mean and standard error of the mean. */
function estimated(values: readonly number[]): Estimated {
  const n = values.length;
  const mean = n === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, standardError: Math.sqrt(variance / n) };
}

const least = (all: readonly Estimated[]): Estimated => all.reduce((a, b) => (b.mean < a.mean ? b : a));
