import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';

/** Rooms from the ground up: a file imports from its own room and from rooms before it. */
const ROOMS = [
  'src/engine/core', // errors, progress, random numbers
  'src/engine', // the contract of a runtime
  'shaders',
  'src/engine/backend', // the contract of a backend
  'src/engine/store',
  'src/engine/formats',
  'src/engine/model',
  'src/engine/reference',
  'src/engine/eigen',
  'src/engine/gpu',
  'src/engine/cpu',
  'src/engine/linalg',
  'src/engine/evaluation',
  'src/engine/operators',
  'src/engine/measure', // how long products take
  'src/engine/calibration',
  'src/engine/methods',
  'src/engine/recipe',
  'src/engine/sensitivity', // what the model's answer loses when one layer is compressed
  'src/engine/allocation', // recipes that meet a goal
  'src/engine/project',
  'src/engine/page',
  'src/runtime',
  'src/worker',
  'src/studio',
  'src/cli',
];

/** Packages that the engine must not know: it is handed a runtime and a backend, and draws nothing. */
const FOREIGN = /^(react|@mantine|@tabler|zustand|recharts|comlink|onnxruntime|node:)/;

/** Circles that still stand. None may be added; a circle that is gone must be deleted here. */
const KNOWN_CIRCLES: readonly string[] = [];

interface Import {
  readonly from: string;
  readonly target: string;
}

/** Static imports, re-exports, dynamic imports and workers of every source. Tests and their fixtures may look anywhere. */
const imports: readonly Import[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((file) => join('src', file))
  .filter((file) => /\.tsx?$/.test(file) && !/(\.test|fixtures|suite|testing)\.tsx?$/.test(file))
  .flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const found = text.matchAll(/(?:\bfrom |\bimport |\bimport\(\s*|new URL\(\s*)['"`]([^'"`]+)['"`]/g);
    return [...found].map(([, target]) => ({ from: file, target: target! }));
  });

const sources = new Set(imports.map(({ from }) => from));
const pathOf = ({ from, target }: Import) => normalize(join(dirname(from), target));
const fileOf = (each: Import) =>
  [`${pathOf(each)}.ts`, `${pathOf(each)}.tsx`, pathOf(each)].find((one) => sources.has(one));

/** The most specific room that a path lies in. */
function roomOf(path: string): number {
  let best = -1;
  ROOMS.forEach((room, i) => {
    if (path.startsWith(`${room}/`) && (best < 0 || room.length > ROOMS[best]!.length)) best = i;
  });
  return best;
}

it('imports run one way', () => {
  const wrong = imports
    .filter(({ target }) => target.startsWith('.'))
    .filter((each) => roomOf(pathOf(each)) > roomOf(each.from))
    .map((each) => `${each.from} imports ${pathOf(each)}`);
  expect(wrong).toEqual([]);
});

it('the engine knows neither page nor runtime', () => {
  const wrong = imports
    .filter(({ from, target }) => from.startsWith('src/engine/') && FOREIGN.test(target))
    .map(({ from, target }) => `${from} imports ${target}`);
  expect(wrong).toEqual([]);
});

it('the page imports the engine through the files of one folder', () => {
  const wrong = imports
    .filter(({ from }) => from.startsWith('src/studio/'))
    .filter((each) => /^src\/engine\/(?!page\/)/.test(pathOf(each)))
    .map((each) => `${each.from} imports ${pathOf(each)}`);
  expect(wrong).toEqual([]);
});

it('no files import each other in a circle, types included', () => {
  const next = new Map<string, string[]>();
  for (const each of imports) {
    const to = each.target.startsWith('.') ? fileOf(each) : undefined;
    if (to !== undefined) next.set(each.from, [...(next.get(each.from) ?? []), to]);
  }
  expect(circlesOf(next).sort()).toEqual([...KNOWN_CIRCLES].sort());
});

/** The strongly connected components of more than one file, each as a line (Tarjan 1972). */
function circlesOf(next: ReadonlyMap<string, readonly string[]>): string[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[] = [];
  function visit(file: string): void {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const to of next.get(file) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(file, Math.min(low.get(file)!, low.get(to)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const members = stack.splice(stack.indexOf(file));
    if (members.length > 1) circles.push(members.sort().join(' '));
  }
  for (const file of next.keys()) if (!index.has(file)) visit(file);
  return circles;
}
