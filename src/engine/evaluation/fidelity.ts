import { UserError } from '../core/errors';
import type { HostTensor } from '../runtime';
import { isFloat, toNumbers } from './convert';
import type { Batch } from './dataset';
import { type Influences, type Interval, intervalOf, meanOf } from './intervals';
import type { Choices, ClosenessCounter, ClosenessMetric, OutputPair } from './metrics/metric';
import { closenessMetrics } from './metrics/metrics';
import { outputKindOf, rowWidth, sampleAxis } from './outputKind';
import type { ChosenKind, ComparedOutput, FidelityReport } from './report';

type Outputs = Readonly<Record<string, HostTensor>>;

export interface FidelityOptions {
  /** What outputs are, by name, where the user says so; others are told by their shapes and values. */
  readonly kinds?: Readonly<Record<string, ChosenKind>> | undefined;
  /** The inputs were made up. */
  readonly generated?: boolean;
  /** The names of metrics; absent: all. */
  readonly metrics?: readonly string[];
}

/**
 * How close a compressed model's outputs stay to the original's, measured batch by batch and sample by sample, with
 * every metric against the original that fits the kind of the output.
 *
 * A model gives the mean of a metric over its outputs, or the largest. States do not count where there are other
 * outputs. An output whose shape differs between the two models (a detector's list of finds) cannot be compared and is
 * left out.
 */
export class Fidelity {
  readonly #outputs = new Map<string, OutputFidelity>();
  readonly #left = new Map<string, string>();

  constructor(private readonly options: FidelityOptions = {}) {}

  /**
   * `labelled`: the output that the labels belong to. Throws a UserError that names model, output and sample where a value
   * is NaN or infinite.
   */
  add(original: Outputs, compressed: Outputs, batch: Batch, labelled?: string): void {
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
      const values = toNumbers(before) as NumberArray;
      let output = this.#outputs.get(name);
      if (!output) {
        output = new OutputFidelity(name, kindIn(name, before, batch, { ...this.options, labelled }), this.options);
        this.#outputs.set(name, output);
      }
      output.add(before.dims, values, toNumbers(after) as NumberArray, batch);
    }
  }

  /** Throws a UserError where there was nothing to compare. */
  report(): FidelityReport {
    const outputs = this.#compared();
    const values = closenessMetrics().flatMap(({ name, overOutputs }) => {
      const found = outputs.flatMap((output) => output.valueOf(name) ?? []);
      if (found.length === 0) return [];
      const sum = found.reduce((all, value) => all + value, 0);
      return [[name, overOutputs === 'max' ? Math.max(...found) : sum / found.length]];
    });
    return Object.fromEntries(values);
  }

  /** The value of a metric with what each sample contributes; undefined where it fits no output, or has no error. */
  influencesOf(metric: string): Influences | undefined {
    const found = this.#compared().flatMap((output) => output.counterOf(metric)?.influences ?? []);
    return found.length > 0 ? meanOf(found) : undefined;
  }

  /** The interval of a metric's value; undefined where it has none. */
  intervalOf(metric: string): Interval | undefined {
    const counters = this.#compared().flatMap((output) => output.counterOf(metric) ?? []);
    if (counters.length === 1) return counters[0]!.interval;
    const influences = this.influencesOf(metric);
    return influences && intervalOf(influences);
  }

  /** Every output of numbers, whether it counts, and its own values. */
  outputs(): ComparedOutput[] {
    const compared = new Set(this.#compared());
    return [...this.#outputs].map(([name, output]) => ({
      name,
      kind: output.kind,
      counts: compared.has(output),
      fidelity: output.report(),
    }));
  }

  /** What counts. Throws a UserError where nothing does. */
  #compared(): OutputFidelity[] {
    const outputs = [...this.#outputs].filter(([name]) => !this.#left.has(name)).map(([, output]) => output);
    const wanted = outputs.filter(({ kind }) => kind !== 'none');
    if (wanted.length === 0) {
      const reason =
        outputs.length > 0
          ? 'every output is left out'
          : ([...this.#left.values()][0] ?? 'neither has an output of floating-point numbers');
      throw new UserError(`The models cannot be compared: ${reason}.`);
    }
    const chosen = wanted.filter(({ name }) => Object.hasOwn(this.options.kinds ?? {}, name));
    const others = wanted.filter((output) => output.kind !== 'state' || chosen.includes(output));
    return others.length > 0 ? others : wanted;
  }
}

/** What an output is: as the user says, or by its shape and values in this run. `labelled`: the one that labels belong to. */
export function kindIn(
  name: string,
  output: HostTensor,
  { fed, feeds }: Batch,
  options: FidelityOptions & { readonly labelled?: string | undefined },
): ChosenKind {
  const { kinds = {}, generated = false, labelled } = options;
  if (Object.hasOwn(kinds, name)) return kinds[name]!;
  const values = toNumbers(output);
  return outputKindOf({ name, dims: output.dims, values, fed, feeds, labelled: name === labelled, generated });
}

type NumberArray = Float32Array | Float64Array;

class OutputFidelity {
  readonly #counters: ReadonlyMap<string, ClosenessCounter>;

  constructor(
    readonly name: string,
    readonly kind: ChosenKind,
    { metrics }: FidelityOptions,
  ) {
    const fits = ({ name, fits }: ClosenessMetric) =>
      kind !== 'none' && fits.includes(kind) && (metrics?.includes(name) ?? true);
    this.#counters = new Map(
      closenessMetrics()
        .filter(fits)
        .map((metric) => [metric.name, metric.counter()]),
    );
  }

  add(dims: readonly number[], original: NumberArray, compressed: NumberArray, batch: Batch): void {
    if (this.#counters.size === 0) return;
    const axis = sampleAxis(dims, batch.fed);
    const width = rowWidth(dims, batch.fed);
    // Without an axis of samples, the run is one sample. Copies that filled a fixed batch up do not count.
    const samples = axis === undefined ? 1 : batch.samples;
    for (let i = 0; i < samples; i++) {
      const [a, b] = [original, compressed].map((values) => ofSample(values, dims, axis, i)) as [
        NumberArray,
        NumberArray,
      ];
      this.#checkFinite(a, b, batch.start + i);
      const pair = new SamplePair(batch.start + i, a, b, width);
      for (const counter of this.#counters.values()) counter.add(pair);
    }
  }

  counterOf(metric: string): ClosenessCounter | undefined {
    return this.#counters.get(metric);
  }

  valueOf(metric: string): number | undefined {
    return this.counterOf(metric)?.value;
  }

  report(): FidelityReport {
    return Object.fromEntries(
      [...this.#counters].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]])),
    );
  }

  #checkFinite(a: ArrayLike<number>, b: ArrayLike<number>, sample: number): void {
    for (let i = 0; i < a.length; i++) {
      const x = a[i]!;
      const y = b[i]!;
      if (Number.isFinite(x) && Number.isFinite(y)) continue;
      // −∞ is how models say "impossible"; where both say it, they agree.
      if (x === Number.NEGATIVE_INFINITY && y === x) continue;
      throw nonFinite(this.name, Number.isFinite(x) ? 'compressed' : 'original', Number.isFinite(x) ? y : x, sample);
    }
  }
}

/** The numbers of one sample: a part of the array where samples come first, a copy where they lie along another axis. */
function ofSample(values: NumberArray, dims: readonly number[], axis: number | undefined, sample: number): NumberArray {
  if (axis === undefined) return values;
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  if (axis === 0) return values.subarray(sample * inner, (sample + 1) * inner);
  const blocks = dims.slice(0, axis).reduce((product, size) => product * size, 1);
  const out = new Float64Array(blocks * inner);
  for (let block = 0; block < blocks; block++) {
    const start = (block * dims[axis]! + sample) * inner;
    out.set(values.subarray(start, start + inner), block * inner);
  }
  return out;
}

class SamplePair implements OutputPair {
  #choices: Choices | undefined;

  constructor(
    readonly sample: number,
    readonly original: ArrayLike<number>,
    readonly compressed: ArrayLike<number>,
    private readonly width: number,
  ) {}

  get choices(): Choices {
    return (this.#choices ??= choicesIn(this.original, this.compressed, this.width));
  }
}

/** A row of one number is the choice between yes and no. */
function choicesIn(a: ArrayLike<number>, b: ArrayLike<number>, width: number): Choices {
  const rows = width === 0 ? 0 : a.length / width;
  if (width !== 1) return { rows, width, logits: [a, b], probabilities: [a, b] };
  const pairs = (values: ArrayLike<number>, other: (value: number) => number) =>
    Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? other(values[i >> 1]!) : values[i >> 1]!));
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
