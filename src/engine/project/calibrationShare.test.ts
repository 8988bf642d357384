import { expect, it } from 'vitest';
import { hashDataset } from '../evaluation/hashDataset';
import { openDataset } from '../evaluation/openDataset';
import type { CompressReport } from '../recipe/report';
import { CalibrationShare } from './calibrationShare';

it('evaluates a run on what it was not calibrated on, and every other run on everything', () => {
  const image = { type: 'float32' as const, dims: [20, 2], data: Float32Array.from({ length: 40 }, (_, i) => i) };
  const open = () =>
    openDataset(new Map([['x', image]]), [{ name: 'x', type: 'float32', shape: ['n', 2] }], 'data.npz');
  const never = () => Promise.reject(new Error('Nothing is run here.'));
  const share = new CalibrationShare(open(), never);
  const { samples, of } = share.calibration.dataset;
  expect([samples, of]).toEqual([5, 20]);
  const report = (sha256?: string) =>
    ({ ...(sha256 && { calibration: { data: 'data.npz', samples, sha256 } }) }) as CompressReport;
  const calibrated = report(hashDataset(share.calibration.dataset));
  expect(share.evaluationOf(calibrated)).toMatchObject({ samples: 15, of: 20 });
  expect(share.evaluationOf(report())).toBe(share.of);
  expect(share.evaluationOf(report('of other data'))).toBe(share.of);
  // The same file opened anew is the same data.
  expect(new CalibrationShare(open(), never).evaluationOf(calibrated).samples).toBe(15);
});

it('splits nothing where there is data for calibration alone', () => {
  const named = (name: string, size: number) =>
    openDataset(
      new Map([['x', { type: 'float32' as const, dims: [size, 2], data: new Float32Array(2 * size) }]]),
      [{ name: 'x', type: 'float32', shape: ['n', 2] }],
      name,
    );
  const never = () => Promise.reject(new Error('Nothing is run here.'));
  const [test, apart] = [named('test.npz', 20), named('calibration.npz', 7)];
  const share = new CalibrationShare(test, never, apart);
  expect(share.calibration.dataset).toBe(apart);
  const report = { calibration: { data: 'calibration.npz', samples: 7, sha256: hashDataset(apart) } } as CompressReport;
  expect(share.evaluationOf(report)).toBe(test);
});
