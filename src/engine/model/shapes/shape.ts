import { numberOf, type Size } from './size';

export type Shape = readonly Size[];

/** A tensor with more whole numbers than these is not taken for a shape or a part of one. */
export const MOST_VALUES = 64;

/** Numbers where all sizes are. */
export const numbersOf = (shape: Shape): number[] | undefined => {
  const numbers = shape.map(numberOf);
  return numbers.every((size) => size !== undefined) ? numbers : undefined;
};

/** What is known of a graph's values so far, for the rules that infer more. */
export interface KnownShapes {
  /** The version of the model's standard operators. */
  readonly opset: number;
  /** The shape of a value; undefined where it is not known. */
  of(name: string): Shape | undefined;
  /** The number of axes. */
  rank(name: string): number | undefined;
  /** The whole numbers in a small tensor, row by row; undefined where it is not known how many there are. */
  valuesOf(name: string): readonly Size[] | undefined;
  /** The whole numbers in a stored tensor. */
  numbers(name: string): number[] | undefined;
  /** The fractions in a small stored tensor. */
  floats(name: string): number[] | undefined;
}
