import { type FuzzKind, fuzz } from '../../src/engine/fuzz/fuzz.fixtures';

// The child of main.ts: it is told a kind and a seed, and tells what became of it. A hang is for the parent to see.
process.on('message', async ({ kind, seed }: { kind: FuzzKind; seed: number }) => {
  const before = process.cpuUsage();
  try {
    const outcome = await fuzz(kind, seed);
    const { user, system } = process.cpuUsage(before);
    process.send!({ outcome, seconds: (user + system) / 1e6 });
  } catch (error) {
    process.send!({
      fault:
        error instanceof Error ? `${error.message}\n${(error.cause as Error)?.stack ?? error.stack}` : String(error),
    });
  }
});
