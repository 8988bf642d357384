import { describe, expect, it } from 'vitest';
import { quantile } from '../core/quantile';
import { seeded } from '../core/random';
import {
  estimated,
  type Interval,
  influencesOf,
  meanInterval,
  meanOf,
  pairedDifference,
  pairedShareDifference,
  shareInterval,
  student,
  transformed,
} from './intervals';
import { SampleSums } from './sampleSums';

const sumsOf = (rows: readonly (readonly [sum: number, weight: number])[]): SampleSums => {
  const sums = new SampleSums();
  for (const [sample, [sum, weight]] of rows.entries()) sums.add(sample, sum, weight);
  return sums;
};
const EXP = { of: Math.exp, slope: Math.exp };

describe('standard errors', () => {
  it('are the textbook ones where each sample is one position', () => {
    const { mean, standardError } = estimated(influencesOf(sumsOf([1, 2, 4, 9].map((x) => [x, 1]))));
    expect(mean).toBe(4);
    // Squares about 4: 9 + 4 + 0 + 25 = 38; √(38/3/4).
    expect(standardError).toBeCloseTo(Math.sqrt(38 / 12), 12);
    expect(estimated(influencesOf(sumsOf([[1, 1]])))).toEqual({ mean: 1 });
  });

  it('keep the positions of a sample together', () => {
    // Two samples of 100 equal positions tell no more than two positions do.
    const alone = estimated(
      influencesOf(
        sumsOf([
          [0, 1],
          [1, 1],
        ]),
      ),
    );
    const many = estimated(
      influencesOf(
        sumsOf([
          [0, 100],
          [100, 100],
        ]),
      ),
    );
    expect(many.standardError).toBeCloseTo(alone.standardError!, 12);
  });

  it('of perplexity follow the slope of e', () => {
    const sums = sumsOf([
      [1, 1],
      [2, 1],
      [3, 1],
    ]);
    const { mean, standardError } = estimated(influencesOf(sums, EXP));
    expect(mean).toBeCloseTo(Math.exp(2), 12);
    expect(standardError).toBeCloseTo(Math.exp(2) / Math.sqrt(3), 12);
    const { low, high } = meanInterval(sums, EXP)!;
    expect(Math.log(low) + Math.log(high)).toBeCloseTo(4, 12);
  });

  it('of a mean over outputs see that outputs of one sample move together', () => {
    const one = influencesOf(
      sumsOf([
        [1, 1],
        [2, 1],
        [4, 1],
      ]),
    );
    const opposite = influencesOf(
      sumsOf([
        [4, 1],
        [3, 1],
        [1, 1],
      ]),
    );
    expect(estimated(meanOf([one, one])).standardError).toBeCloseTo(estimated(one).standardError!, 12);
    expect(estimated(meanOf([one, opposite]))).toEqual({ mean: 2.5, standardError: 0 });
  });

  it('are those of a bootstrap over samples', () => {
    const { normal, below } = seeded(11);
    const rows = Array.from({ length: 60 }, (): [number, number] => {
      const positions = 20 + below(100);
      // The level of a sample is shared by its positions.
      const level = normal();
      let sum = 0;
      for (let i = 0; i < positions; i++) sum += level + normal();
      return [sum, positions];
    });
    const means = Array.from({ length: 4000 }, () => sumsOf(rows.map(() => rows[below(rows.length)]!)).mean);
    const average = means.reduce((sum, mean) => sum + mean, 0) / means.length;
    const spread = Math.sqrt(means.reduce((sum, mean) => sum + (mean - average) ** 2, 0) / (means.length - 1));
    const { standardError } = estimated(influencesOf(sumsOf(rows)));
    // 4,000 draws tell the spread to 1/√8000 = 1.1 %; the linearisation and n/(n−1) are off by about 1/60.
    expect(Math.abs(standardError! / spread - 1)).toBeLessThan(0.05);
    // Positions taken as independent would claim several times less.
    const positions = rows.reduce((sum, [, weight]) => sum + weight, 0);
    expect(standardError! / Math.sqrt(2 / positions)).toBeGreaterThan(4);
  });
});

describe('intervals of 95 %', () => {
  /** The share of seeded repetitions in which the interval holds the truth. */
  function coverage(rounds: number, one: () => Interval | undefined, truth: number): number {
    let held = 0;
    for (let round = 0; round < rounds; round++) {
      const { low, high } = one()!;
      if (low <= truth && truth <= high) held++;
    }
    return held / rounds;
  }
  // 2,000 rounds tell a coverage of 95 % to ±1.5 points at three standard errors. Intervals of Agresti's kind hold more.
  const ROUNDS = 2000;
  const [LEAST, MOST] = [0.93, 0.995];

  it.each([
    [0.5, 50],
    [0.9, 64],
    [0.98, 200],
  ])('of an accuracy of %d over %d samples', (share, samples) => {
    const { uniform } = seeded(3);
    const held = coverage(
      ROUNDS,
      () => shareInterval(sumsOf(Array.from({ length: samples }, () => [Number(uniform() < share), 1]))),
      share,
    );
    expect(held).toBeGreaterThan(LEAST);
    expect(held).toBeLessThan(MOST);
  });

  it('of an accuracy over windows whose positions are alike', () => {
    const { uniform } = seeded(4);
    const window = (): [number, number] => {
      const level = uniform() < 0.5 ? 0.3 : 0.7;
      let right = 0;
      for (let i = 0; i < 50; i++) right += Number(uniform() < level);
      return [right, 50];
    };
    const held = coverage(ROUNDS, () => shareInterval(sumsOf(Array.from({ length: 30 }, window))), 0.5);
    expect(held).toBeGreaterThan(LEAST);
    expect(held).toBeLessThan(MOST);
  });

  it('of a paired difference of accuracies', () => {
    const { uniform } = seeded(5);
    const pair = (samples: number) => {
      const [before, after] = [new SampleSums(), new SampleSums()];
      for (let sample = 0; sample < samples; sample++) {
        const draw = uniform();
        // 4 % get wrong, 2 % get right.
        before.add(sample, Number(draw < 0.9));
        after.add(sample, Number(draw < 0.86 || (draw > 0.9 && draw < 0.92)));
      }
      return pairedShareDifference(before, after);
    };
    const held = coverage(ROUNDS, () => pair(200), -0.02);
    expect(held).toBeGreaterThan(LEAST);
    expect(held).toBeLessThan(MOST);
  });

  it('of a paired difference of means are narrower than those of the means', () => {
    const { normal } = seeded(6);
    const pair = () => {
      const [before, after] = [new SampleSums(), new SampleSums()];
      for (let sample = 0; sample < 20; sample++) {
        const level = 5 * normal();
        before.add(sample, level + normal());
        after.add(sample, level + normal() + 1);
      }
      return { before, difference: pairedDifference(before, after)! };
    };
    const held = coverage(ROUNDS, () => pair().difference, 1);
    expect(held).toBeGreaterThan(LEAST);
    const { before, difference } = pair();
    const alone = meanInterval(before)!;
    expect(difference.high - difference.low).toBeLessThan((alone.high - alone.low) / 2);
  });

  it('do not shrink to nothing where all is right, or nothing differs', () => {
    const all = sumsOf(Array.from({ length: 64 }, () => [1, 1]));
    // Agresti and Coull: (66/68) ± t·√(66·2/68³), with t of 63 degrees of freedom.
    const share = 66 / 68;
    expect(shareInterval(all)!.low).toBeCloseTo(
      share - 1.9983 * Math.sqrt((share * (1 - share)) / 68 + (64 / 68 ** 2) * (1 / 63) * (1 - share) ** 2),
      4,
    );
    expect(shareInterval(all)!.high).toBe(1);
    const difference = pairedShareDifference(all, all)!;
    expect(difference.mean).toBe(0);
    expect(difference.high).toBeCloseTo(1.9983 / 66, 4);
    expect(shareInterval(sumsOf([[1, 1]]))).toBeUndefined();
  });
});

it('differences of cross-entropy are relative ones of perplexity', () => {
  const expm1 = { of: Math.expm1, slope: Math.exp };
  const relative = transformed({ mean: 0.1, standardError: 0.01, low: 0.08, high: 0.12 }, expm1);
  expect(relative.mean).toBeCloseTo(Math.exp(0.1) - 1, 12);
  expect(relative.standardError).toBeCloseTo(0.01 * Math.exp(0.1), 12);
  expect(relative.high).toBeCloseTo(Math.exp(0.12) - 1, 12);
});

it.each([
  [1, 12.706],
  [9, 2.2622],
  [15, 2.1314],
  [30, 2.0423],
  [1e6, 1.96],
])('Student with %d degrees of freedom reaches %d', (freedom, reach) => {
  expect(student(freedom)).toBeCloseTo(reach, 3);
});

it('the bootstrap and the interval agree where the mean is skewed', () => {
  const { uniform, below } = seeded(12);
  const rows = Array.from({ length: 80 }, (): [number, number] => [-Math.log(1 - uniform()), 1]);
  const { low, high } = meanInterval(sumsOf(rows))!;
  const means = Array.from({ length: 4000 }, () => sumsOf(rows.map(() => rows[below(80)]!)).mean);
  // Percentiles of 4,000 draws are known to some 3 % of the width; skewness moves both ends by about a tenth of it.
  const width = high - low;
  expect(Math.abs(quantile(means, 0.025) - low)).toBeLessThan(0.15 * width);
  expect(Math.abs(quantile(means, 0.975) - high)).toBeLessThan(0.15 * width);
});
