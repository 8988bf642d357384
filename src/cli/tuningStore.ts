import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TuningStore } from '../engine/gpu/tuning';
import { sweep, temporaryName } from './temporaryFiles';

/** The user's cache folder for this program, where the platform wants it. */
export function cacheFolder(platform: string = process.platform, env: NodeJS.ProcessEnv = process.env): string {
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'carrara', 'cache');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'carrara');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'carrara');
}

/** Keeps choices in a file of JSON; one that is missing or spoilt counts as empty. */
export function fileStore(path = join(cacheFolder(), 'tuning.json')): TuningStore {
  const known = async (): Promise<Record<string, unknown>> => {
    try {
      const value: unknown = JSON.parse(await readFile(path, 'utf8'));
      return typeof value === 'object' && value !== null ? { ...value } : {};
    } catch {
      return {};
    }
  };
  return {
    async read(key) {
      const value = (await known())[key];
      return typeof value === 'string' ? value : undefined;
    },
    async write(key, value) {
      const text = JSON.stringify({ ...(await known()), [key]: value }, null, 2);
      await mkdir(dirname(path), { recursive: true });
      // Whole files only: another run may read meanwhile.
      const staged = join(dirname(path), temporaryName('tuning'));
      sweep(dirname(path));
      await writeFile(staged, `${text}\n`);
      await rename(staged, path);
    },
  };
}
