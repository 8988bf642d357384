import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { testStore } from '../engine/store/store.suite';
import { storeFolder } from './storeFolder';

const folder = mkdtempSync(join(tmpdir(), 'carrara-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

testStore('a store in a folder', async () => {
  const path = join(folder, String(count++));
  return { backing: storeFolder(path), again: async () => storeFolder(path) };
});
