import { expect, it } from 'vitest';
import { Pace, PlannedPace } from './pace';

/** A clock that the test sets. */
function clock() {
  let now = 0;
  return { read: () => now, wait: (ms: number) => (now += ms) };
}

/** Milliseconds of a layer: a little for any, and the rest in proportion. */
const OVERHEAD_MS = 5;

it('says nothing before enough is done', () => {
  const time = clock();
  const pace = new PlannedPace(
    Array.from({ length: 100 }, () => ({ kind: 'svd', cost: 1 })),
    time.read,
  );
  expect(pace.secondsLeft(0)).toBeUndefined();
  time.wait(400);
  expect(pace.secondsLeft(1)).toBeUndefined();
});

it('layers of unequal cost: what is said is never far off', () => {
  // Small ones first, as spectra are measured; the last holds nearly all of the work.
  const costs = Array.from({ length: 40 }, (_, i) => 1.25 ** i);
  const msOf = (cost: number) => OVERHEAD_MS + 10 * cost;
  const time = clock();
  const pace = new PlannedPace(
    costs.map((cost) => ({ kind: 'svd', cost })),
    time.read,
  );
  let said = 0;
  for (const [i, cost] of costs.entries()) {
    time.wait(msOf(cost));
    const left = pace.secondsLeft(i + 1);
    const truth = costs.slice(i + 1).reduce((sum, each) => sum + msOf(each), 0) / 1000;
    if (left === undefined) continue;
    said++;
    expect(left / truth).toBeGreaterThan(0.5);
    expect(left / truth).toBeLessThan(2);
  }
  // With the 5 % that it needs, something is said of the last dozen layers.
  expect(said).toBeGreaterThan(5);
});

it('kinds are told apart: of one that was not seen yet nothing is said', () => {
  const time = clock();
  const kept = Array.from({ length: 10 }, () => ({ kind: 'svd, kept', cost: 1000 }));
  const whole = Array.from({ length: 10 }, () => ({ kind: 'svd', cost: 1e6 }));
  const pace = new PlannedPace([...kept, ...whole], time.read);
  // Ten layers whose factors are kept take a moment each: nothing follows for those that are not.
  for (let i = 1; i <= 10; i++) {
    time.wait(100);
    expect(pace.secondsLeft(i)).toBeUndefined();
  }
  time.wait(5000);
  expect(pace.secondsLeft(11)).toBeCloseTo(45, 6);
});

it('a part of a piece counts', () => {
  const time = clock();
  const pace = new PlannedPace([{ kind: 'svd', cost: 100 }], time.read);
  time.wait(1000);
  expect(pace.secondsLeft(0.25)).toBeCloseTo(3, 6);
  time.wait(1000);
  expect(pace.secondsLeft(0.5)).toBeCloseTo(2, 6);
  expect(pace.secondsLeft(1)).toBeUndefined();
});

it('stands for a moment, however often it is asked for, and loses no work', () => {
  const time = clock();
  const pace = new PlannedPace([{ kind: 'svd', cost: 100 }], time.read);
  time.wait(1000);
  expect(pace.secondsLeft(0.1)).toBeCloseTo(9, 6);
  for (let i = 1; i < 10; i++) {
    time.wait(10);
    expect(pace.secondsLeft(0.1 + i * 0.001)).toBeCloseTo(9, 6);
  }
  time.wait(910);
  expect(pace.secondsLeft(0.2)).toBeCloseTo(8, 6);
});

it('a pace that changes says nothing until it is steady again', () => {
  const pace = new Pace();
  const rest = [{ kind: 'svd', cost: 100 }];
  for (let i = 0; i < 10; i++) pace.observe('svd', 10, 100);
  expect(pace.secondsLeft(rest)).toBeCloseTo(1, 6);
  // What else ran has ended: ten times faster.
  for (let i = 0; i < 10; i++) pace.observe('svd', 10, 10);
  expect(pace.secondsLeft(rest)).toBeUndefined();
});
