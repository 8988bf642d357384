import { memoryBacking } from './memory';
import { testStore } from './store.suite';

testStore('a store in memory', async () => {
  const backing = memoryBacking();
  return { backing, again: async () => backing };
});
