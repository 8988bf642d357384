import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, it } from 'vitest';

/** Rooms from the ground up: a file imports from its own room and from rooms before it. */
const ROOMS = [
  'src/engine', // errors, progress, random, and the contracts of backend and runtime
  'shaders',
  'src/engine/model',
  'src/engine/reference',
  'src/engine/eigen',
  'src/engine/gpu',
  'src/engine/cpu',
  'src/engine/linalg',
  'src/engine/evaluation',
  'src/engine/operators',
  'src/engine/calibration',
  'src/engine/methods',
  'src/engine/recipe',
  'src/runtime',
  'src/worker',
  'src/studio',
  'src/cli',
];

/** The most specific room that a path lies in. */
function roomOf(path: string): number {
  let best = -1;
  ROOMS.forEach((room, i) => {
    if (path.startsWith(`${room}/`) && (best < 0 || room.length > ROOMS[best]!.length)) best = i;
  });
  return best;
}

it('imports run one way, and the engine knows neither page nor runtime', () => {
  const wrong: string[] = [];
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((file) => join('src', file));
  // Tests, and what only tests use, may look anywhere.
  const sources = files.filter((file) => /\.tsx?$/.test(file) && !/(\.test|fixtures|suite|testing)\.tsx?$/.test(file));
  for (const file of sources) {
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import) '([^']+)'/g)) {
      if (target!.startsWith('.')) {
        const to = normalize(join(dirname(file), target!));
        const [here, there] = [roomOf(file), roomOf(to)];
        if (there > here) wrong.push(`${file} imports ${to}`);
      } else if (
        file.startsWith('src/engine/') &&
        /^(react|@mantine|zustand|recharts|onnxruntime|node:)/.test(target!)
      ) {
        wrong.push(`${file} imports ${target}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});
