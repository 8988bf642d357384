import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { breakEvenRank, rankForError, truncationError } from '../../../engine/page/light';
import type { MatrixPicture, PictureFactors } from '../../../engine/project/engine';
import { drawPicture, type PictureName, turnedSquare } from './pictures';
import { corner, PartialSum } from './rebuild';

/** What the engine's `factorPicture` returns, from an independent float64 SVD. */
function factor(picture: MatrixPicture): PictureFactors {
  const rows = Array.from({ length: picture.rows }, (_, i) =>
    Array.from(picture.values.subarray(i * picture.columns, (i + 1) * picture.columns)),
  );
  const svd = new SingularValueDecomposition(new Matrix(rows), { autoTranspose: true });
  const values = Float64Array.from(svd.diagonal);
  const left = Float32Array.from(svd.leftSingularVectors.to1DArray());
  const right = Float32Array.from(
    svd.rightSingularVectors
      .transpose()
      .to2DArray()
      .flatMap((row, i) => row.map((entry) => entry * values[i])),
  );
  return { values, left, right };
}

const size = 48;
const named = (name: PictureName) => {
  const picture = drawPicture(name, size);
  return { picture, factors: factor(picture) };
};

describe('PartialSum', () => {
  const { picture, factors } = named('quarry');

  it('has the error that the singular values promise, at every rank and in any order', () => {
    const sum = new PartialSum(picture, factors);
    // Factors are float32: each entry of the sum is off by some 1e-7 of the picture's largest.
    for (const rank of [0, 1, 7, 3, 48, 2, 30, 29, 0, 12]) {
      sum.moveTo(rank);
      expect(sum.rank).toBe(rank);
      expect(Math.abs(sum.relativeError() - truncationError(factors.values, rank))).toBeLessThan(1e-6);
    }
  });

  it('comes back to the same values by a detour', () => {
    const direct = new PartialSum(picture, factors);
    direct.moveTo(9);
    const detour = new PartialSum(picture, factors);
    for (const rank of [40, 5, 31, 10, 9]) detour.moveTo(rank);
    const worst = direct.values.reduce((most, value, i) => Math.max(most, Math.abs(value - detour.values[i])), 0);
    // Float64 sums of terms below 100 in size.
    expect(worst).toBeLessThan(1e-12);
  });

  it('stays within the terms there are', () => {
    const sum = new PartialSum(picture, factors);
    sum.moveTo(1000);
    expect(sum.rank).toBe(size);
    sum.moveTo(-3);
    expect(sum.rank).toBe(0);
    expect(sum.relativeError()).toBe(1);
  });
});

describe('the pictures', () => {
  it('differ in how they compress: a weave has rank 3, a quarry falls off, noise does not', () => {
    const need = (name: PictureName) => rankForError(named(name).factors.values, 0.2);
    expect(rankForError(named('weave').factors.values, 1e-5)).toBe(3);
    expect(need('quarry')).toBeLessThan(breakEvenRank(size, size));
    expect(need('noise')).toBeGreaterThan(breakEvenRank(size, size));
  });

  it('stay in −1 … 1 and are the same each time', () => {
    for (const name of ['weave', 'quarry', 'noise'] as const) {
      const { values } = drawPicture(name, size);
      expect(values.every((value) => value >= -1 && value <= 1)).toBe(true);
      expect(drawPicture(name, size).values).toEqual(values);
    }
  });

  it('turning a square raises its rank from 1', () => {
    const straight = factor(turnedSquare(0, size)).values;
    const turned = factor(turnedSquare(45, size)).values;
    expect(rankForError(straight, 0.05)).toBe(1);
    expect(rankForError(turned, 0.05)).toBeGreaterThan(5);
  });
});

it('corner takes the leading rows and columns', () => {
  const picture = { rows: 3, columns: 4, values: Float32Array.from({ length: 12 }, (_, i) => i) };
  expect(corner(picture, 2)).toEqual({ rows: 2, columns: 2, values: Float32Array.of(0, 1, 4, 5) });
  expect(corner(picture, 9)).toEqual(picture);
});
