import type { HostTensor } from '../runtime';
import { isFloat, toNumbers } from './convert';
import { argmax, isDistribution, isLogDistribution } from './metrics/distribution';
import type { OutputKind } from './outputKinds';

export type { OutputKind } from './outputKinds';

/** An output of one run, and what the run was fed with. */
export interface OutputFacts {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
  /** Samples of the run, copies that fill up a fixed batch included. */
  readonly fed: number;
  readonly feeds: Readonly<Record<string, HostTensor>>;
  /** Labels name answers of this output. */
  readonly labelled?: boolean;
  /** The inputs were made up: a classifier may well give one answer to all of them. */
  readonly generated?: boolean;
}

const STATE = /state|cache|past|present|memory|^[hc](n|_?out)?$/i;
const EMBEDDING = /embed|feature|last_hidden|pool(ed|er)|latent|representation/i;
const CHOICES = /logit|prob|soft_?max|class|categor/i;
const SIGNAL = /audio|wav|speech|enh|forecast|pcm|signal|spectr/i;

/** Above this share of equal answers, an output is no choice between answers. */
const CONSTANT_SHARE = 0.9;
/** With fewer rows, their answers may be equal by chance. */
const FEWEST_ROWS = 16;
/** An axis of space has at least so many places. */
const LEAST_SPACE = 8;
/** The norms of shorter rows may be equal by chance. */
const LEAST_EMBEDDING = 16;
/** The correlation of neighbours along an axis of time or space. In the columns of a linear layer there is none. */
const SMOOTH = 0.5;

/**
 * Tells what an output is from its name, shape and values. Shapes alone tell little: [n, 128] are classes or an
 * embedding. Values that sum to 1 are choices; rows of equal norm are embeddings; neighbours along an axis of time are
 * alike. It is a guess where none of these speaks, which users can correct.
 */
export function outputKindOf(facts: OutputFacts): OutputKind {
  const { name, dims, values, fed, labelled } = facts;
  if (labelled) return 'choices';
  if (EMBEDDING.test(name)) return 'embedding';
  if (STATE.test(name)) return 'state';
  const axes = innerAxes(dims, fed);
  if (axes.length === 0) return isYesOrNo(facts) ? 'choices' : 'numbers';
  const width = rowWidth(dims, fed);
  if (width > 1 && (everyRow(values, width, isDistribution) || everyRow(values, width, isLogDistribution)))
    return 'choices';
  if (isSpace(facts, axes)) return 'map';
  if (SIGNAL.test(name)) return 'signal';
  if (axes.length === 1) return kindOfVector(facts, width);
  return axes.length === 2 ? kindOfSequence(facts, axes) : 'numbers';
}

/** One number for each sample: the probability of "yes", or its logit where the name says so. */
function isYesOrNo({ name, values }: OutputFacts): boolean {
  return CHOICES.test(name) || isWithinOne(values);
}

/** [n, d] */
function kindOfVector(facts: OutputFacts, width: number): OutputKind {
  const { name, dims, values, feeds, generated } = facts;
  // A number at each step, as [n, t, 1], or [n, 512, 1] at each anchor of a detector.
  if (width === 1) {
    if (CHOICES.test(name) || isWithinOne(values)) return 'choices';
    return takesPicture(feeds) ? 'boxes' : 'signal';
  }
  if (isLikeInput(dims, feeds) && (dims.length > 2 || smoothness(values, values.length / width, width, 1) > SMOOTH))
    return 'signal';
  if (CHOICES.test(name)) return 'choices';
  const rows = values.length / width;
  if (width >= LEAST_EMBEDDING && hasEqualNorms(values, width)) return 'embedding';
  if (width >= 256 && smoothness(values, rows, width, 1) > 0.9) return 'signal';
  const isConstant = !generated && width > 2 && rows >= FEWEST_ROWS && majorityOf(values, width) > CONSTANT_SHARE;
  if (isConstant) return width >= 64 ? 'embedding' : 'numbers';
  return 'choices';
}

/** [n, steps, d], axes of size 1 left out. */
function kindOfSequence(facts: OutputFacts, [steps, width]: readonly number[]): OutputKind {
  const { name, dims, values, feeds } = facts;
  if (isLikeInput(dims, feeds)) return 'signal';
  if (CHOICES.test(name)) return 'choices';
  const tokens = Object.values(feeds).find(({ type, dims }) => /int/.test(type) && dims.length === 2);
  if (tokens) {
    // The head of a language model has an answer for every token that it reads; tags are few.
    const largest = toNumbers(tokens) as ArrayLike<number>;
    return width! <= 64 || width! > maxOf(largest) ? 'choices' : 'embedding';
  }
  if (takesPicture(feeds)) {
    if (width! <= 128) return 'boxes';
    return width! > 1024 && majorityOf(values, width!) <= CONSTANT_SHARE ? 'choices' : 'embedding';
  }
  const rows = values.length / (steps! * width!);
  return width! <= 32 || smoothness(values, rows, steps!, width!) > SMOOTH ? 'signal' : 'embedding';
}

/** Two axes of space, each with some places: [n, h, w, c], [n, c, h, w], or [n, h, w] where neighbours are alike. */
function isSpace({ dims, values, feeds }: OutputFacts, axes: readonly number[]): boolean {
  const wide = axes.filter((size) => size >= LEAST_SPACE).length;
  if (wide < 2) return false;
  if (dims.length >= 4) return true;
  const [height, width] = axes as [number, number];
  if (axes.length !== 2 || !takesPicture(feeds) || height < 16 || width < 16) return false;
  const rows = values.length / (height * width);
  return smoothness(values, rows, height, width) > SMOOTH && smoothness(values, rows * height, width, 1) > SMOOTH;
}

/** A float input of a picture: [n, 3, h, w] or [n, h, w, 3]. */
const takesPicture = (feeds: OutputFacts['feeds']): boolean =>
  Object.values(feeds).some(({ dims }) => dims.length === 4 && [dims[1]!, dims[3]!].some((size) => size <= 4));

/** Whether an input has the same shape, as that of a denoiser has. */
const isLikeInput = (dims: readonly number[], feeds: OutputFacts['feeds']): boolean =>
  Object.entries(feeds).some(
    ([name, input]) => isFloat(input.type) && !STATE.test(name) && input.dims.join() === dims.join(),
  );

/** The axis along which samples lie; undefined where there is none: then the run is one sample. */
export function sampleAxis(dims: readonly number[], fed: number): number | undefined {
  const axis = dims.indexOf(fed);
  return axis === 0 || (axis === 1 && dims.length > 2) ? axis : undefined;
}

/** The axes of one sample, without those of size 1. */
export function innerAxes(dims: readonly number[], fed: number): number[] {
  const axis = sampleAxis(dims, fed);
  return dims.filter((size, i) => i !== axis && size !== 1);
}

/** Entries of one row: the last axis, but for a trailing 1×1 image, or an axis that is the batch. */
export function rowWidth(dims: readonly number[], fed: number): number {
  const axes = [...dims];
  if (axes.length >= 4) while (axes.length > 2 && axes.at(-1) === 1) axes.pop();
  if (axes.length === 0 || (axes.length === 1 && axes[0] === fed)) return 1;
  return axes.at(-1)!;
}

function everyRow(
  values: ArrayLike<number>,
  width: number,
  holds: (values: ArrayLike<number>, start: number, width: number) => boolean,
): boolean {
  for (let start = 0; start < values.length; start += width) if (!holds(values, start, width)) return false;
  return values.length > 0;
}

function isWithinOne(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!(values[i]! >= 0 && values[i]! <= 1)) return false;
  return values.length > 0;
}

function maxOf(values: ArrayLike<number>): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) max = Math.max(max, values[i]!);
  return max;
}

/** The share of the most frequent largest entry of rows. */
function majorityOf(values: ArrayLike<number>, width: number): number {
  const counts = new Map<number, number>();
  const rows = Math.floor(values.length / width);
  for (let row = 0; row < rows; row++) {
    const answer = argmax(values, row * width, width);
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return rows === 0 ? 1 : Math.max(...counts.values()) / rows;
}

/** Rows whose norms are all the same were normalised; a single row, where its norm is 1. */
function hasEqualNorms(values: ArrayLike<number>, width: number): boolean {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let start = 0; start < values.length; start += width) {
    let squares = 0;
    for (let i = start; i < start + width; i++) squares += values[i]! ** 2;
    least = Math.min(least, squares);
    most = Math.max(most, squares);
  }
  if (most === 0) return false;
  // Float16 rounds each of the numbers by 5·10⁻⁴.
  const near = 1e-3;
  return values.length > width ? least > (1 - near) * most : Math.abs(most - 1) < near;
}

/** The correlation of neighbours along the middle axis of [outer, length, inner], about the mean of each column. */
function smoothness(values: ArrayLike<number>, outer: number, length: number, inner: number): number {
  let [products, squares] = [0, 0];
  for (let block = 0; block < outer; block++) {
    for (let column = 0; column < inner; column++) {
      const start = block * length * inner + column;
      let mean = 0;
      for (let i = 0; i < length; i++) mean += values[start + i * inner]! / length;
      let before = 0;
      for (let i = 0; i < length; i++) {
        const value = values[start + i * inner]! - mean;
        squares += value * value;
        products += value * before;
        before = value;
      }
    }
  }
  return squares === 0 ? 0 : products / squares;
}
