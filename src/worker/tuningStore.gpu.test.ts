import { expect, it } from 'vitest';
import { indexedDbStore } from './tuningStore';

it('remembers in the browser', async () => {
  const store = indexedDbStore();
  expect(await store.read('nothing')).toBeUndefined();
  await store.write('adapter · kernel · large', '16');
  await store.write('adapter · kernel · large', '8');
  expect(await indexedDbStore().read('adapter · kernel · large')).toBe('8');
});
