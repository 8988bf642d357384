import { type FuzzKind, fuzz } from '../../src/engine/fuzz/fuzz.fixtures';

// The child process of main.ts. It receives a kind and a seed, and answers with the result. The parent detects hangs.
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
