import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { methods } from '../methods/registry';

const FOLDER = join(import.meta.dirname, '../methods');

interface Step {
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Steps of every method, by the examples in its folder. */
export const STEPS: readonly Step[] = (await Promise.all(readdirSync(FOLDER).map(stepsIn))).flat();

async function stepsIn(folder: string): Promise<Step[]> {
  const file = join(FOLDER, folder, 'examples.fixtures.ts');
  if (!existsSync(file)) return [];
  const { EXAMPLES } = await import(/* @vite-ignore */ pathToFileURL(file).href);
  return EXAMPLES.options.map((options: Step['options']) => ({ method: EXAMPLES.method, options }));
}

/** Asserts that no method is left out. */
export const expectEveryMethod = (): void =>
  expect([...new Set(STEPS.map(({ method }) => method))].sort()).toEqual(methods.map(({ name }) => name).sort());
