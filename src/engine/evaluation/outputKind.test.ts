import { describe, expect, it } from 'vitest';
import { seeded } from '../core/random';
import type { ElementType, HostTensor } from '../runtime';
import { type OutputFacts, outputKindOf, sampleAxis } from './outputKind';

// Values as the named models give them: shapes, ranges and smoothness are theirs.
const { normal, uniform, below } = seeded(7);
const count = (dims: readonly number[]) => dims.reduce((product, size) => product * size, 1);
const filled = (dims: readonly number[], value: (i: number) => number) =>
  Float32Array.from({ length: count(dims) }, (_, i) => value(i));
const feed = (type: ElementType, dims: readonly number[], data = new Float32Array(count(dims))): HostTensor => ({
  type,
  dims,
  data,
});
const picture = { image: feed('float32', [1, 128, 128, 3]) };
const kind = (name: string, dims: readonly number[], values: ArrayLike<number>, more: Partial<OutputFacts> = {}) =>
  outputKindOf({ name, dims, values, fed: dims[0]!, feeds: {}, ...more });

function softmaxRows(rows: number, width: number): Float32Array {
  const out = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const exps = Array.from({ length: width }, () => Math.exp(3 * normal()));
    const sum = exps.reduce((all, value) => all + value, 0);
    out.set(
      exps.map((value) => value / sum),
      row * width,
    );
  }
  return out;
}

/** A walk along the middle axis of [outer, length, inner]. */
function walks(outer: number, length: number, inner: number): Float32Array {
  const out = new Float32Array(outer * length * inner);
  for (let i = 0; i < out.length; i++) {
    const isFirst = Math.floor(i / inner) % length === 0;
    out[i] = (isFirst ? 0 : out[i - inner]!) + normal();
  }
  return out;
}

describe('the kind of an output', () => {
  it('of a line detector is a map, of its scores too', () => {
    const feeds = { image: feed('float32', [1, 320, 320, 4]) };
    expect(kind('offsets', [1, 160, 160, 16], walks(160, 160, 16), { feeds })).toBe('map');
    expect(kind('scores', [1, 160, 160, 1], filled([160, 160], uniform), { feeds })).toBe('map');
    expect(kind('sigmoid_0', [8, 1, 64, 64], filled([8, 64, 64], uniform), { feeds })).toBe('map');
    expect(kind('depth', [1, 64, 64], walks(64, 64, 1).map(Math.abs), { feeds })).toBe('boxes');
    const smooth = filled([64, 64], (i) => Math.sin((i % 64) / 9) + Math.cos(i / 640));
    expect(kind('depth', [1, 64, 64], smooth, { feeds })).toBe('map');
  });

  it('of a face detector is boxes', () => {
    const boxes = filled([512, 16], (i) => 10 * (i % 16) + normal());
    expect(kind('Identity_2:0', [1, 512, 16], boxes, { feeds: picture })).toBe('boxes');
    expect(
      kind(
        'Identity:0',
        [1, 512, 1],
        filled([512], () => -5 + normal()),
        { feeds: picture },
      ),
    ).toBe('boxes');
  });

  it('of a voice detector is a choice between yes and no, and a state', () => {
    const feeds = { input: feed('float32', [4, 512]), state: feed('float32', [2, 4, 128]) };
    expect(kind('output', [4, 1], filled([4], uniform), { feeds })).toBe('choices');
    expect(outputKindOf({ name: 'stateN', dims: [2, 4, 128], values: filled([1024], normal), fed: 4, feeds })).toBe(
      'state',
    );
    expect(
      kind(
        'price',
        [4, 1],
        filled([4], (i) => 100 * i),
      ),
    ).toBe('numbers');
    expect(kind('logits', [4, 1], filled([4], normal))).toBe('choices');
  });

  it('of a forecaster is a signal', () => {
    const feeds = { past_values: feed('float32', [8, 512, 7]) };
    expect(kind('prediction_outputs', [8, 96, 7], walks(8, 96, 7), { feeds })).toBe('signal');
  });

  it('of a speech enhancer is a signal, with states beside it', () => {
    const feeds = { mix: feed('float32', [1, 257, 1, 2]), conv_cache: feed('float32', [2, 1, 16, 16, 33]) };
    const noise = (dims: number[]) => filled(dims, normal);
    expect(kind('enh', [1, 257, 1, 2], noise([257, 2]), { feeds })).toBe('signal');
    expect(kind('y', [1, 257, 1, 2], noise([257, 2]), { feeds })).toBe('signal');
    expect(kind('conv_cache_out', [2, 1, 16, 16, 33], noise([2, 16, 16, 33]), { feeds, fed: 1 })).toBe('state');
    expect(kind('y', [4, 16000], walks(4, 16000, 1))).toBe('signal');
  });

  it('of a language model is a choice, of its encoder an embedding', () => {
    const ids = feed(
      'int64',
      [2, 32],
      filled([2, 32], () => below(256)),
    );
    const logits = filled([2, 32, 256], normal);
    expect(kind('logits', [2, 32, 256], logits, { feeds: { ids } })).toBe('choices');
    expect(kind('output_0', [2, 32, 256], logits, { feeds: { ids } })).toBe('choices');
    expect(kind('output_0', [2, 32, 9], logits.slice(0, 576), { feeds: { ids } })).toBe('choices');
    const large = feed(
      'int64',
      [2, 32],
      filled([2, 32], () => below(30522)),
    );
    expect(kind('output_0', [2, 32, 768], filled([2, 32, 768], normal), { feeds: { ids: large } })).toBe('embedding');
    expect(kind('last_hidden_state', [2, 32, 768], filled([2, 32, 768], normal), { feeds: { ids } })).toBe('embedding');
    expect(kind('present_0', [2, 2, 4, 48, 8], filled([2, 2, 4, 48, 8], normal), { feeds: { ids } })).toBe('state');
  });

  it('of a text recogniser is a choice at each step', () => {
    const feeds = { x: feed('float32', [2, 3, 48, 64]) };
    expect(kind('softmax_11', [2, 8, 6625], softmaxRows(16, 6625), { feeds })).toBe('choices');
    expect(kind('y', [2, 8, 6625], softmaxRows(16, 6625).map(Math.log), { feeds })).toBe('choices');
  });

  it('of a classifier is a choice, and of normalised vectors an embedding', () => {
    const logits = filled([32, 10], normal);
    expect(kind('y', [32, 10], logits)).toBe('choices');
    expect(kind('y', [32, 10, 1, 1], logits)).toBe('choices');
    expect(kind('features', [32, 10], logits)).toBe('embedding');
    const unit = filled([32, 128], normal);
    for (let row = 0; row < 32; row++) {
      const norm = Math.hypot(...unit.subarray(row * 128, (row + 1) * 128));
      for (let i = 0; i < 128; i++) unit[row * 128 + i]! /= norm;
    }
    expect(kind('y', [32, 128], unit)).toBe('embedding');
  });

  it('is no choice where real data always get one answer', () => {
    const constant = filled([32, 100], (i) => normal() + (i % 100 === 3 ? 20 : 0));
    expect(kind('y', [32, 100], constant)).toBe('embedding');
    expect(kind('y', [32, 100], constant, { generated: true })).toBe('choices');
    expect(kind('y', [32, 100], constant, { labelled: true })).toBe('choices');
  });
});

it('samples lie along the first axis, or along the second one of a state', () => {
  expect(sampleAxis([4, 10], 4)).toBe(0);
  expect(sampleAxis([2, 4, 128], 4)).toBe(1);
  expect(sampleAxis([10, 4], 4)).toBeUndefined();
  expect(sampleAxis([], 1)).toBeUndefined();
});
