// Shared by the benchmarks of the engine: measures times, and writes results to files.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Milliseconds. */
export async function time(work: () => Promise<unknown> | unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Writes bench/results/NAME.json with the command, the machine and the date. */
export function keepResult(name: string, result: object): void {
  const kept = {
    command: `npm run bench -- ${name}`,
    machine: `${cpus().length} cores, ${cpus()[0]!.model}`,
    date: new Date().toISOString().slice(0, 10),
    ...result,
  };
  const text = JSON.stringify(kept, null, 2);
  writeFileSync(`bench/results/${name}.json`, `${text}\n`);
  console.log(text);
}
