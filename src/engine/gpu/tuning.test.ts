import { describe, expect, it } from 'vitest';
import { GpuError } from '../core/errors';
import { ShaderError } from './pipelines';
import { type Tunable, Tuning, type TuningStore } from './tuning';

function memory(): TuningStore & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return { kept, read: async (key) => kept.get(key), write: async (key, value) => void kept.set(key, value) };
}

let clock = 0;
const tuningOf = (adapter: string, store: TuningStore, budgetMs?: number) =>
  new Tuning(adapter, store, budgetMs, () => clock);

/** Work that takes as long as its variant says, by the test's own clock. */
function sleepers(shapeClass = 'large') {
  const ran: string[] = [];
  const tunable: Tunable<string> = {
    kernel: 'sleep',
    shapeClass,
    variants: ['40', '5', '80'],
    run: async (variant) => {
      ran.push(variant);
      clock += Number(variant);
    },
  };
  return { ran, tunable };
}

describe('tuning', () => {
  it('finds the fastest variant, once, and remembers it', async () => {
    const store = memory();
    const tuning = tuningOf('adapter', store);
    const { ran, tunable } = sleepers();
    expect(await Promise.all([tuning.choose(tunable), tuning.choose(tunable)])).toEqual(['5', '5']);
    // A round to warm up and three that count, interleaved.
    expect(ran).toEqual(Array.from({ length: 4 }, () => tunable.variants).flat());
    expect([...store.kept]).toEqual([['adapter · sleep · large', '5']]);
    ran.length = 0;
    expect(await tuningOf('adapter', store).choose(tunable)).toBe('5');
    expect(ran).toEqual([]);
    expect(await tuningOf('another', store).choose(tunable)).toBe('5');
    expect(ran).toHaveLength(12);
  });

  it('takes the usual variant, and remembers nothing, when its time is spent', async () => {
    const store = memory();
    const tuning = tuningOf('adapter', store, 50);
    const { ran, tunable } = sleepers();
    expect(await tuning.choose(tunable)).toBe('40');
    expect(ran.length).toBeLessThan(4);
    expect(await tuning.choose(sleepers('narrow').tunable)).toBe('40');
    expect(store.kept.size).toBe(0);
  });

  it('times again where what was kept is no variant, or the store fails', async () => {
    const store = memory();
    store.kept.set('adapter · sleep · large', 'gone');
    expect(await tuningOf('adapter', store).choose(sleepers().tunable)).toBe('5');
    const forbidden: TuningStore = {
      read: () => Promise.reject(new Error()),
      write: () => Promise.reject(new Error()),
    };
    expect(await tuningOf('adapter', forbidden).choose(sleepers().tunable)).toBe('5');
  });

  it('keeps the usual variant where no other is clearly faster', async () => {
    const same: Tunable<string> = {
      kernel: 'same',
      shapeClass: 'large',
      variants: ['usual', 'other'],
      run: async (variant) => {
        clock += variant === 'usual' ? 100 : 96;
      },
    };
    expect(await tuningOf('adapter', memory()).choose(same)).toBe('usual');
  });

  it('leaves out a variant that does not compile, the usual one too', async () => {
    for (const broken of ['40', '5', '80']) {
      const { ran, tunable } = sleepers();
      const run = async (variant: string) => {
        await tunable.run(variant);
        if (variant === broken) throw new ShaderError('no');
      };
      expect(await tuningOf('adapter', memory()).choose({ ...tunable, run })).toBe(broken === '5' ? '40' : '5');
      expect(ran.filter((variant) => variant === broken)).toHaveLength(1);
    }
    const run = () => Promise.reject(new ShaderError('no'));
    await expect(tuningOf('adapter', memory()).choose({ ...sleepers().tunable, run })).rejects.toThrow(ShaderError);
  });

  it('never tries a variant again that lost the device', async () => {
    const store = memory();
    const { ran, tunable } = sleepers();
    const run = async (variant: string) => {
      await tunable.run(variant);
      if (variant === '5') throw new GpuError('The device was lost.', 'lost');
    };
    await expect(tuningOf('adapter', store).choose({ ...tunable, run })).rejects.toThrow(GpuError);
    // On the next device, by a tuning of its own.
    ran.length = 0;
    expect(await tuningOf('adapter', store).choose({ ...tunable, run })).toBe('40');
    expect(ran).not.toContain('5');
  });
});
