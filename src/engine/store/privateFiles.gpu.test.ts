import { privateFiles } from './privateFiles';
import { testStore } from './store.suite';

let count = 0;

testStore('a store in the private file system', async () => {
  const name = `test-${crypto.randomUUID()}-${count++}`;
  return { backing: (await privateFiles(name))!, again: async () => (await privateFiles(name))! };
});
