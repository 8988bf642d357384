/**
 * What the numbers of an output are, which decides how two models' outputs are compared.
 *
 * - choices: scores of answers along the last axis: classes, tokens, or one number for yes or no
 * - map: numbers over two or more axes of space: a depth map, heat maps, feature maps
 * - boxes: some numbers at each anchor of a detector
 * - embedding: vectors that are compared with each other, or read by another model
 * - signal: a series in time: audio, a spectrum, a forecast
 * - state: what the model hands on to its next run: caches of attention, states of recurrent layers
 * - numbers: none of these
 */
export type OutputKind = 'choices' | 'map' | 'boxes' | 'embedding' | 'signal' | 'state' | 'numbers';

export const OUTPUT_KINDS: readonly OutputKind[] = [
  'choices',
  'map',
  'boxes',
  'embedding',
  'signal',
  'state',
  'numbers',
];

/** All kinds but choices: differences of their numbers mean something. */
export const NUMBER_KINDS = OUTPUT_KINDS.filter((kind) => kind !== 'choices');
