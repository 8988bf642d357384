import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import { isFloat, toNumbers } from './convert';
import { type Batch, IGNORED, type Labels } from './dataset';
import { type Difference, pairedDifference, pairedShareDifference, transformed } from './intervals';
import { isDistribution } from './metrics/distribution';
import type { LabelMeasure, LabelMetric } from './metrics/metric';
import { labelMetrics } from './metrics/metrics';
import { SampleMean } from './metrics/readings';
import { SampleSums } from './sampleSums';

/**
 * Measures a model's outputs against labels, batch by batch, with each metric that applies. It takes the first
 * floating-point output that the labels fit: `[batch, classes]` (axes of size 1 aside) for class labels,
 * `[batch, positions…, classes]` for labels per position.
 */
export class Score {
  #metrics: readonly LabelMetric[] = [];
  readonly #measured = new Map<LabelMeasure, { readonly ofLogits: SampleSums; readonly ofProbabilities: SampleSums }>();
  #isProbabilities = true;
  #output: string | undefined;
  #counted = 0;

  /** `which`: all metrics that apply, or the first alone, which takes a fraction of the time. */
  constructor(
    private readonly labels: Labels,
    private readonly which: 'all' | 'first' = 'all',
  ) {}

  /** The output that the labels belong to; undefined before the first batch. */
  get output(): string | undefined {
    return this.#output;
  }

  /** Throws a UserError where no output fits the labels, or a label is no class of it. */
  add(outputs: Readonly<Record<string, HostTensor>>, batch: Batch): void {
    const { perSample, kind } = this.labels;
    this.#output ??= Object.keys(outputs).find((name) => fits(outputs[name]!, batch.fed, perSample, kind));
    const name = this.#output;
    if (name === undefined || !fits(outputs[name]!, batch.fed, perSample, kind))
      throw misfit(outputs, batch, this.labels);
    const values = toNumbers(outputs[name]!);
    const width = values.length / (batch.fed * perSample);
    if (this.#metrics.length === 0) this.#begin(width);
    batch.labels?.forEach((label, row) => {
      if (label === IGNORED) return;
      if (label >= width) {
        throw new UserError(`Label ${label} is no class of output "${name}", which has ${width}: check the labels.`);
      }
      this.#counted++;
      const sample = batch.start + Math.floor(row / perSample);
      const start = row * width;
      this.#isProbabilities &&= isDistribution(values, start, width);
      for (const [measure, { ofLogits, ofProbabilities }] of this.#measured) {
        const value = measure.ofLogits(values, start, width, label);
        ofLogits.add(sample, value);
        // Only the last row tells whether rows are probabilities, so both readings are summed until then.
        if (this.#isProbabilities && measure.ofProbabilities)
          ofProbabilities.add(sample, measure.ofProbabilities(values, start, width, label));
      }
    });
  }

  /** What metrics measured, by their names, in the order of the list. Throws a UserError where all labels are ignored. */
  get scores(): readonly MetricScore[] {
    if (this.#counted === 0) throw new UserError(`All labels are ${IGNORED} (ignored): give some that count.`);
    return this.#metrics.map((metric) => {
      const { transform, scale, measure } = metric;
      return { metric, mean: new SampleMean({ transform, scale }, this.#sumsOf(measure)) };
    });
  }

  #begin(classes: number): void {
    const { kind, isNextToken } = this.labels;
    const all = labelMetrics({ kind, classes, ...(isNextToken !== undefined && { isNextToken }) });
    this.#metrics = this.which === 'first' ? all.slice(0, 1) : all;
    for (const { measure } of this.#metrics)
      this.#measured.set(measure, { ofLogits: new SampleSums(), ofProbabilities: new SampleSums() });
  }

  #sumsOf(measure: LabelMeasure): SampleSums {
    const { ofLogits, ofProbabilities } = this.#measured.get(measure)!;
    return this.#isProbabilities && measure.ofProbabilities ? ofProbabilities : ofLogits;
  }
}

/** A metric's value over samples. */
export interface MetricScore {
  readonly metric: LabelMetric;
  readonly mean: SampleMean;
}

/**
 * How much a metric changes from one model to another on the same samples, on the metric's scale: a ratio's change is
 * relative. Undefined for one sample.
 */
export function differenceOf(
  { metric, mean: before }: MetricScore,
  { mean: after }: MetricScore,
): Difference | undefined {
  const { scale, transform } = metric;
  if (scale === 'share') return pairedShareDifference(before.sums, after.sums);
  const difference = pairedDifference(before.sums, after.sums);
  if (!difference || !transform) return difference;
  if (scale === 'ratio') return transformed(difference, RELATIVE);
  const slope = transform.slope(before.sums.mean);
  return transformed(difference, { of: (change) => slope * change, slope: () => slope });
}

/** Of the difference of two logarithms. */
const RELATIVE = { of: Math.expm1, slope: Math.exp };

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
