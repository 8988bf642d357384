import { describe, expect, it } from 'vitest';
import { seeded } from '../../engine/core/random';
import type { LayerReport } from '../../engine/project/engine';
import { FIRST_GOAL, FIRST_SETTINGS } from '../goal/limits';
import { searchReport } from '../goal/report.fixtures';
import type { Moment } from './types/history';
import type { Workbench } from './types/projects';
import type { Stack } from './types/stacks';
import { packWorkbench, unpackWorkbench } from './workbench';

const ids = Array.from({ length: 12 }, (_, i) => `layer-${i}`);
const model = { layers: ids.map((id) => ({ id }) as unknown as LayerReport) };

/** A workbench that nobody would make, but anybody could. */
function randomWorkbench(seed: number): Workbench {
  const random = seeded(seed);
  const chosen = () => ids.filter(() => random.below(2) === 0);
  const stack = (): Stack =>
    Array.from({ length: random.below(4) }, () => ({
      method: ['svd', 'half', 'quantize'][random.below(3)]!,
      options: { size: random.below(10) / 10, parts: [random.below(5), 'x'] },
    }));
  const stacks = () => new Map(chosen().map((id) => [id, stack()] as const));
  const moment = (): Moment => ({
    stacks: stacks(),
    included: new Set(chosen()),
    settings: random.below(2) ? { seed: random.below(100), export: { aim: 'file' } } : {},
    fixedRecipe: random.below(2) ? { version: 1, steps: [] } : null,
    selection: chosen(),
    step: random.below(3),
  });
  return {
    ...moment(),
    sort: 'share',
    descending: random.below(2) === 0,
    filter: 'attention',
    spectraPaused: random.below(2) === 0,
    provider: 'wasm',
    comparing: random.below(2) ? { batch: random.below(64), kinds: { y: 'map' } } : {},
    proposals: random.below(2)
      ? {
          report: null,
          data: null,
          ended: 'stopped',
          dismissed: true,
          taken: { name: 'safe', stacks: [['a', stack()]] },
        }
      : null,
    currentRun: random.below(2) ? 2 : null,
    ranStacks: new Map([
      [1, stacks()],
      [2, stacks()],
    ]),
    interrupted: random.below(2) ? { run: 3, recipe: { version: 1 }, stacks: stacks(), done: 7, total: 12 } : null,
    goal: random.below(2) ? { minimise: 'size', maxLoss: 0.02 } : { minimise: 'loss', maxBytes: 4e6, maxLatency: 0.5 },
    searchSettings: random.below(2) ? { methods: ['svd'], minutes: 3 } : {},
    search: random.below(2) ? { report: searchReport(random.below(5)), data: null, ended: 'done' } : null,
    past: Array.from({ length: random.below(5) }, () => ({ before: moment() })),
    future: Array.from({ length: random.below(3) }, moment),
  };
}

const throughJson = (workbench: Workbench) => JSON.parse(JSON.stringify(packWorkbench(workbench))) as unknown;

describe('a packed workbench', () => {
  it('comes back as it was, through JSON', () => {
    for (let seed = 0; seed < 50; seed++) {
      const workbench = randomWorkbench(seed);
      expect(unpackWorkbench(throughJson(workbench), model)).toEqual(workbench);
    }
  });

  it('holds equal stacks once, and the newest 20 edits', () => {
    const base = randomWorkbench(1);
    const stack: Stack = [{ method: 'svd', options: { size: 0.123456789 } }];
    const stacks = new Map(ids.map((id) => [id, stack] as const));
    const past = Array.from({ length: 60 }, (_, step) => ({ before: { ...base, stacks, step } }));
    const packed = packWorkbench({
      ...base,
      stacks,
      past,
      future: [],
      ranStacks: new Map([[1, stacks]]),
      interrupted: null,
    });
    expect(JSON.stringify(packed).split('0.123456789')).toHaveLength(2);
    const back = unpackWorkbench(packed, model)!;
    expect(back.past.map(({ before }) => before.step)).toEqual(Array.from({ length: 20 }, (_, i) => 40 + i));
    // Layers with equal stacks share one, so that what is worked out for it is worked out once.
    expect(back.stacks.get(ids[0]!)).toBe(back.stacks.get(ids[1]!));
  });

  it('has a search that ended with its page, and none where the page knew of none', () => {
    const base = randomWorkbench(1);
    const search = { report: searchReport(3), data: null };
    const packed = packWorkbench({ ...base, search }) as Record<string, unknown>;
    expect(unpackWorkbench(packed, model)!.search).toEqual({ ...search, ended: 'stopped' });
    const { goal: _, searchSettings: __, search: ___, ...earlier } = packed;
    expect(unpackWorkbench(earlier, model)).toEqual({
      ...base,
      goal: FIRST_GOAL,
      searchSettings: FIRST_SETTINGS,
      search: null,
    });
  });

  it('of another model, another version, or only a part of one is none', () => {
    const packed = throughJson(randomWorkbench(3)) as Record<string, unknown>;
    expect(unpackWorkbench(packed, model)).toBeDefined();
    expect(unpackWorkbench(packed, { layers: model.layers.slice(6) })).toBeUndefined();
    expect(unpackWorkbench({ ...packed, version: 2 }, model)).toBeUndefined();
    for (const other of [
      undefined,
      null,
      5,
      'text',
      {},
      { version: 1 },
      { ...packed, maps: [] },
      { ...packed, past: 1 },
    ])
      expect(unpackWorkbench(other, model)).toBeUndefined();
  });
});
