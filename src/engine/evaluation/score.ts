import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import { isFloat, toNumbers } from './convert';
import { type Batch, IGNORED, type Labels } from './dataset';
import type { LabelCounter } from './metrics/metric';
import { labelMetrics } from './metrics/metrics';

/**
 * Measures a model's outputs against labels, batch by batch, with each metric that applies. It takes the first
 * floating-point output that the labels fit: `[batch, classes]` (axes of size 1 aside) for class labels,
 * `[batch, positions…, classes]` for labels per position.
 */
export class Score {
  readonly #counters: readonly { readonly name: string; readonly counter: LabelCounter }[];
  #output: string | undefined;
  #counted = 0;

  constructor(private readonly labels: Labels) {
    this.#counters = labelMetrics(labels).map((metric) => ({ name: metric.name, counter: metric.counter() }));
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
      this.#counted++;
      for (const { counter } of this.#counters) counter.count(values, row * width, width, label);
    });
  }

  /**
   * The value of each metric, by its name, in the order of the list. Throws a UserError where all labels are ignored.
   */
  get values(): ReadonlyMap<string, number> {
    if (this.#counted === 0) throw new UserError(`All labels are ${IGNORED} (ignored): give some that count.`);
    return new Map(this.#counters.map(({ name, counter }) => [name, counter.value]));
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
