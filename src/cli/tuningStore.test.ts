import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { cacheFolder, fileStore } from './tuningStore';

const folder = mkdtempSync(join(tmpdir(), 'carrara-tuning-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('remembers in a file, and takes a spoilt one for empty', async () => {
  const path = join(folder, 'new', 'tuning.json');
  const store = fileStore(path);
  expect(await store.read('a')).toBeUndefined();
  await store.write('a', '1');
  await store.write('b', '2');
  expect([await fileStore(path).read('a'), await fileStore(path).read('b')]).toEqual(['1', '2']);
  writeFileSync(path, '{"a": 3, "b"');
  expect(await store.read('a')).toBeUndefined();
  await store.write('a', '4');
  expect(await store.read('a')).toBe('4');
});

it('lies in the cache folder of the platform', () => {
  expect(cacheFolder('linux', { XDG_CACHE_HOME: '/c' })).toBe(join('/c', 'carrara'));
  expect(cacheFolder('linux', {})).toBe(join(homedir(), '.cache', 'carrara'));
  expect(cacheFolder('darwin', {})).toBe(join(homedir(), 'Library', 'Caches', 'carrara'));
  expect(cacheFolder('win32', { LOCALAPPDATA: 'L' })).toBe(join('L', 'carrara', 'cache'));
});
