// `npm run fuzz -- --minutes 10 --seed 7 --kind model`: breaks files at random, by the seed, for the given time.
// A file that is neither accepted nor refused in a sentence of the product, or that takes more than five seconds of
// processor time, is printed with its seed, and the exit code is 1.
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const KINDS = ['model', 'external', 'npz', 'recipe'];
/** Seconds of processor time that one file may take. Other work on the machine does not change it. */
const LIMIT = 5;
/** Seconds after which a process without an answer is ended. */
const PATIENCE = 60;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: 'Infinity' },
    kind: { type: 'string', multiple: true, default: KINDS },
    sentences: { type: 'boolean', default: false },
  },
});
const unknown = values.kind.find((kind) => !KINDS.includes(kind));
if (unknown !== undefined) throw new Error(`There is no kind "${unknown}": there are ${KINDS.join(', ')}.`);

let child: ChildProcess | undefined;

const started = () => fork(join(import.meta.dirname, 'round.ts'), { execArgv: ['--import', './scripts/register.mjs'] });

interface Outcome {
  readonly outcome?: string;
  readonly fault?: string;
  readonly seconds?: number;
}

/** Tries one file in the child process. A child that does not answer in time is ended and replaced. */
async function round(kind: string, seed: number): Promise<Outcome> {
  child ??= started();
  let resolve: (outcome: Outcome) => void = () => {};
  const promise = new Promise<Outcome>((settle) => {
    resolve = settle;
  });
  const current = child;
  const gone = (code: number | null, signal: string | null) =>
    resolve({ fault: `the process ended: ${signal ?? code}` });
  const timer = setTimeout(() => resolve({ fault: `no answer in ${PATIENCE} s` }), PATIENCE * 1000);
  current.once('message', resolve).once('exit', gone);
  current.send({ kind, seed });
  const outcome = await promise;
  clearTimeout(timer);
  current.off('message', resolve).off('exit', gone);
  if (outcome.fault?.startsWith('no answer') || outcome.fault?.startsWith('the process')) {
    current.kill('SIGKILL');
    child = undefined;
  }
  return outcome;
}

const end = performance.now() + Number(values.minutes) * 60_000;
const counts = new Map(
  values.kind.map((kind) => [kind, { rounds: 0, accepted: 0, faults: 0, slowest: 0, slowestSeed: 0 }]),
);
const sentences = new Map<string, number>();
let faults = 0;
for (let i = 0; i < Number(values.rounds) && performance.now() < end; i++) {
  for (const kind of values.kind) {
    const seed = Number(values.seed) + i;
    const count = counts.get(kind)!;
    // The first round of a process also compiles what it needs.
    const fresh = child === undefined;
    const { outcome, fault: failed, seconds = 0 } = await round(kind, seed);
    const fault = failed ?? (!fresh && seconds > LIMIT ? `took ${seconds.toFixed(1)} s` : undefined);
    count.rounds++;
    if (!fresh && seconds > count.slowest) Object.assign(count, { slowest: seconds, slowestSeed: seed });
    if (outcome === 'accepted') count.accepted++;
    else if (outcome !== undefined) {
      const shape = outcome.replace(/"[^"]*"|\d[\d,.]*/g, '…');
      sentences.set(shape, (sentences.get(shape) ?? 0) + 1);
    }
    if (fault !== undefined) {
      faults++;
      count.faults++;
      console.error(`${kind}, seed ${seed}: ${fault}\n`);
    }
  }
}
child?.kill();
for (const [kind, { rounds, accepted, faults: failed, slowest, slowestSeed }] of counts)
  console.log(
    `${kind}: ${rounds} files, ${accepted} accepted, ${failed} faults, the slowest ${slowest.toFixed(2)} s (seed ${slowestSeed})`,
  );
if (values.sentences) {
  const sorted = [...sentences].sort(([, a], [, b]) => b - a);
  for (const [sentence, times] of sorted) console.log(`${String(times).padStart(6)}  ${sentence.slice(0, 200)}`);
}
process.exitCode = faults > 0 ? 1 : 0;
