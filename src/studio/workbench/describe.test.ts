import { describe, expect, it } from 'vitest';
import type { LayerReport } from '../../engine/project/engine';
import type { TotalCost } from '../studioCosts';
import { describeHeavy, describeRest, describeWorst } from './describe';

const layer = { id: 'q', name: '/q' } as LayerReport;
const sizes = { bytes: 1, parameters: 1, multiplyAdds: 1 };
const total = (some: Partial<TotalCost>): TotalCost => ({
  before: sizes,
  after: sizes,
  graph: 0,
  estimated: false,
  worst: { layer, error: 0.634, measured: false },
  errors: 3,
  heavy: 0,
  forms: new Map(),
  skipped: 0,
  left: undefined,
  idle: 0,
  idled: undefined,
  unknown: 0,
  ...some,
});

describe('advice for several layers', () => {
  it.each([
    [1, 1, 'The layer has a relative error above 50 % (/q 63.4 %).'],
    [1, 23, '1 of the 23 layers has a relative error above 50 % (/q 63.4 %).'],
    [4, 23, '4 of the 23 layers have relative errors above 50 % (/q, the worst, 63.4 %).'],
    [2, 2, 'Both layers have relative errors above 50 % (/q, the worst, 63.4 %).'],
    [23, 23, 'All 23 layers have relative errors above 50 % (/q, the worst, 63.4 %).'],
  ])('tells of errors above one half: %i of %i', (heavy, count, sentence) => {
    expect(describeHeavy(total({ heavy }), count)).toBe(
      `${sentence} Only real data can tell whether the model still works.`,
    );
  });

  it('claims no more than is known of the largest error', () => {
    expect(describeWorst(total({}), 3)).toBe('The largest relative error is 63.4 % (/q, predicted).');
    expect(describeWorst(total({ skipped: 2 }), 5)).toBe('The largest relative error is 63.4 % (/q, predicted).');
    expect(describeWorst(total({ worst: { layer, error: 0.2, measured: true } }), 9)).toBe(
      'The largest relative error of the 3 that are known is 20.0 % (/q, measured).',
    );
    expect(describeWorst(total({ errors: 1 }), 9)).toBe(
      'The only relative error that is known yet is 63.4 % (/q, predicted).',
    );
  });

  it('tells of layers that stay, and of those whose size is not known', () => {
    const left = { layer, reason: 'is read by index' };
    expect(describeRest(total({}), 3)).toBe('');
    expect(describeRest(total({ skipped: 1, left }), 3)).toBe('One layer stays as it is (/q: is read by index).');
    expect(describeRest(total({ skipped: 2, left }), 2)).toBe('Both layers stay as they are (/q: is read by index).');
    expect(describeRest(total({ skipped: 3 }), 3)).toBe('All 3 layers stay as they are.');
    const idled = { layer, reason: 'needs statistics' };
    expect(describeRest(total({ idle: 3, idled }), 3)).toBe(
      'This step leaves all 3 layers as the steps before it do (/q: needs statistics).',
    );
    expect(describeRest(total({ idle: 1, idled }), 3)).toContain('1 of the 3 layers');
    expect(describeRest(total({ unknown: 1 }), 3)).toBe(
      'The size of one layer is known after compressing. Until then it counts as unchanged.',
    );
    expect(describeRest(total({ skipped: 2, unknown: 2 }), 9)).toBe(
      '2 layers stay as they are. The sizes of 2 layers are known after compressing. Until then they count as unchanged.',
    );
  });
});
