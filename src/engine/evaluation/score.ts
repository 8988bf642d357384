import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import { isFloat, toNumbers } from './convert';
import { type Batch, IGNORED, type Labels } from './dataset';
import { argmax, isDistribution, logProbability, logSumExp } from './distribution';

/**
 * A model's outputs against labels, summed up batch by batch, on the first floating-point output that the labels fit:
 * `[batch, classes]` (axes of size 1 aside) for class labels, `[batch, positions…, classes]` for labels per position.
 */
export class Score {
  readonly metric: 'top1' | 'perplexity';
  #output: string | undefined;
  #counted = 0;
  #correct = 0;
  // The output may turn out to be no distribution only at the last row, so both readings are summed up till then.
  #probabilities = true;
  #lossOfLogits = 0;
  #lossOfProbabilities = 0;

  constructor(private readonly labels: Labels) {
    this.metric = labels.kind === 'class' ? 'top1' : 'perplexity';
  }

  /** Throws a UserError where no output fits the labels, or a label is no class of it. */
  add(outputs: Readonly<Record<string, HostTensor>>, batch: Batch): void {
    const { perSample, kind } = this.labels;
    this.#output ??= Object.keys(outputs).find((name) => fits(outputs[name], batch.fed, perSample, kind));
    const name = this.#output;
    if (name === undefined || !fits(outputs[name], batch.fed, perSample, kind))
      throw misfit(outputs, batch, this.labels);
    const values = toNumbers(outputs[name]);
    const width = values.length / (batch.fed * perSample);
    batch.labels?.forEach((label, row) => {
      if (label === IGNORED) return;
      if (label >= width) {
        throw new UserError(`Label ${label} is no class of output "${name}", which has ${width}: check the labels.`);
      }
      this.#count(values, row * width, width, label);
    });
  }

  #count(values: ArrayLike<number>, start: number, width: number, label: number): void {
    this.#counted++;
    if (this.metric === 'top1') {
      if (argmax(values, start, width) === label) this.#correct++;
      return;
    }
    this.#lossOfLogits += logSumExp(values, start, width) - values[start + label];
    this.#probabilities &&= isDistribution(values, start, width);
    if (this.#probabilities) this.#lossOfProbabilities -= logProbability(values[start + label]);
  }

  /**
   * top1: the share of samples whose largest output is their label. Perplexity: e^(mean cross-entropy) over the
   * positions that count. Throws a UserError where all labels are ignored ones.
   */
  get value(): number {
    if (this.#counted === 0) throw new UserError(`All labels are ${IGNORED} (ignored): give some that count.`);
    if (this.metric === 'top1') return this.#correct / this.#counted;
    return Math.exp((this.#probabilities ? this.#lossOfProbabilities : this.#lossOfLogits) / this.#counted);
  }
}

function fits({ type, dims }: HostTensor, fed: number, perSample: number, kind: Labels['kind']): boolean {
  if (!isFloat(type)) return false;
  const axes = kind === 'class' ? dims.filter((size) => size !== 1) : [...dims];
  const classes = axes.pop() ?? 0;
  const isRows = axes.reduce((product, size) => product * size, 1) === fed * perSample;
  // [n, h, w, classes] has a class per pixel, not per sample, even where n·h·w happens to fit.
  return classes > 1 && isRows && (kind === 'position' || axes.length <= 1);
}

function misfit(outputs: Readonly<Record<string, HostTensor>>, { fed }: Batch, { kind, perSample }: Labels): UserError {
  const found = Object.entries(outputs).map(([name, { dims }]) => `"${name}" [${dims.join(', ')}]`);
  const wanted = kind === 'class' ? `[${fed}, classes]` : `[${fed}, ${perSample}, classes]`;
  return new UserError(
    `The labels need an output of shape ${wanted}, but the model gives ${found.join(', ')}: remove "labels", or make them fit.`,
  );
}
