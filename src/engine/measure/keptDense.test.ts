import { expect, it } from 'vitest';
import type { Backend } from '../backend/backend';
import { KeptDense } from './keptDense';

/** Counts the weights that are prepared and freed. */
function counted() {
  const counts = { prepared: 0, held: 0 };
  const prepare = async () => {
    counts.prepared++;
    counts.held++;
    const free = () => {
      counts.held--;
    };
    return { rows: 4, columns: 8, bytes: 128, free, multiply: never, time: never };
  };
  return { counts, kept: new KeptDense({ prepare } as unknown as Backend) };
}
const never = () => Promise.reject(new Error('unused'));
const small = { shape: [4, 8], type: 'float32' } as const;
const nothing = async () => undefined;

it('prepares the weight of one size once', async () => {
  const { counts, kept } = counted();
  await kept.use(small, nothing);
  await kept.use({ ...small, shape: [4, 8] }, nothing);
  expect(counts).toEqual({ prepared: 1, held: 1 });
  await kept.use({ ...small, type: 'float16' }, nothing);
  expect(counts).toEqual({ prepared: 2, held: 1 });
  kept.close();
  expect(counts.held).toBe(0);
});

it('keeps the weight after an abort, and drops it after an error', async () => {
  const { counts, kept } = counted();
  const abort = new DOMException('Stopped.', 'AbortError');
  await expect(kept.use(small, () => Promise.reject(abort))).rejects.toBe(abort);
  expect(counts).toEqual({ prepared: 1, held: 1 });
  const lost = new Error('The device was lost.');
  await expect(kept.use(small, () => Promise.reject(lost))).rejects.toBe(lost);
  expect(counts).toEqual({ prepared: 1, held: 0 });
});

it('gives no weight to two at once, and keeps none once it is closed', async () => {
  const { counts, kept } = counted();
  await kept.use(small, () => kept.use(small, nothing));
  expect(counts).toEqual({ prepared: 2, held: 1 });
  await kept.use(small, async () => kept.close());
  expect(counts.held).toBe(0);
});
