import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import { isFloat, toNumbers } from './convert';
import type { Batch } from './dataset';
import type { Choices } from './metrics/metric';
import { closenessMetrics } from './metrics/metrics';
import { rowWidth } from './outputKind';
import type { FidelityReport } from './report';

type Outputs = Readonly<Record<string, HostTensor>>;

/**
 * How close a compressed model's outputs stay to the original's, measured batch by batch with every metric against the
 * original.
 *
 * Every floating-point output is read as rows along its last axis: the classes of a classifier or of a language model,
 * a detector's numbers per anchor. A trailing 1×1 image is not an axis. A row of one number is the choice between yes
 * and no. A model gives the mean of a metric over its outputs, or the largest. An output whose shape differs between
 * the two models (a detector's list of finds) cannot be compared and is left out.
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
    return Object.fromEntries(
      closenessMetrics().map(({ name, overOutputs }) => {
        const values = outputs.map((output) => output.valueOf(name));
        const sum = values.reduce((all, value) => all + value, 0);
        return [name, overOutputs === 'max' ? Math.max(...values) : sum / values.length];
      }),
    );
  }
}

class OutputFidelity {
  readonly #counters = new Map(closenessMetrics().map((metric) => [metric.name, metric.counter()]));

  constructor(private readonly name: string) {}

  add(before: HostTensor, after: HostTensor, batch: Batch): void {
    const width = rowWidth(before.dims, batch.fed);
    // Copies that filled a fixed batch up do not count.
    const share = before.dims[0] === batch.fed ? batch.samples / batch.fed : 1;
    const [original, compressed] = [toNumbers(before), toNumbers(after)];
    const length = Math.round(original.length * share);
    this.#checkFinite(original, compressed, length, batch);
    const choices = choicesIn(original, compressed, width, width === 0 ? 0 : length / width);
    for (const counter of this.#counters.values()) counter.add({ original, compressed, length, choices });
  }

  valueOf(metric: string): number {
    return this.#counters.get(metric)!.value;
  }

  #checkFinite(a: ArrayLike<number>, b: ArrayLike<number>, length: number, batch: Batch): void {
    for (let i = 0; i < length; i++) {
      const x = a[i];
      const y = b[i];
      if (Number.isFinite(x) && Number.isFinite(y)) continue;
      // −∞ is how models say "impossible"; where both say it, they agree.
      if (x === Number.NEGATIVE_INFINITY && y === x) continue;
      const sample = batch.start + Math.floor((i * batch.samples) / length);
      throw nonFinite(this.name, Number.isFinite(x) ? 'compressed' : 'original', Number.isFinite(x) ? y : x, sample);
    }
  }
}

function choicesIn(a: ArrayLike<number>, b: ArrayLike<number>, width: number, rows: number): Choices {
  if (width !== 1) return { rows, width, logits: [a, b], probabilities: [a, b] };
  const pairs = (values: ArrayLike<number>, other: (value: number) => number) =>
    Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? other(values[i >> 1]) : values[i >> 1]));
  return {
    rows,
    width: 2,
    // σ(v) is the softmax of (v, 0).
    logits: [pairs(a, () => 0), pairs(b, () => 0)],
    probabilities: [pairs(a, (v) => 1 - v), pairs(b, (v) => 1 - v)],
  };
}

function nonFinite(output: string, model: 'original' | 'compressed', value: number, sample: number): UserError {
  const remedy =
    model === 'original' ? 'check the data it is given' : 'compress it less, or leave out the layer at fault';
  const what = Number.isNaN(value) ? 'NaN' : 'an infinite value';
  return new UserError(`The ${model} model's output "${output}" holds ${what} at sample ${sample}: ${remedy}.`);
}
