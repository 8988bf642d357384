import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { CANCELLED, type Report } from './supervision';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One press of Ctrl-C arrives twice where npm passes on what the terminal has sent to both. */
const ONE_PRESS_MS = 300;

/** Whoever sends SIGTERM or SIGHUP will not ask again; most send SIGKILL after ten seconds. */
const GRACE_MS = 5000;

/** Cancelling is said to take longer after this. */
const STILL_STOPPING_MS = 1500;

/** Opening is said to take long after this. */
const LONG_SECONDS = 30;

/**
 * Runs the command line's work in a process of its own and exits as it does. The working process may be deaf: while
 * onnxruntime makes a session, or a loop does not end, no signal reaches JavaScript there. This process has nothing else
 * to do. It passes on the first Ctrl-C, ends the work at the second, ends what takes longer to open than its limit, and
 * removes unfinished files however the work ended.
 */
export function supervise(command: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
  // What was said to Node, as how much memory it may take, is meant for the work.
  const child = spawn(process.execPath, [...process.execArgv, ...command, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...environment, ...process.env },
  });
  const opening = new Map<number, NodeJS.Timeout[]>();
  const unfinished = new Set<string>();
  let finishing = false;
  let cancelled: { readonly signal: (typeof SIGNALS)[number]; readonly at: number } | undefined;
  let forced: { readonly message: (outcome: string) => string; readonly code: number } | undefined;

  const force = (message: (outcome: string) => string, code: number) => {
    forced ??= { message, code };
    child.kill('SIGKILL');
  };
  const codeOf = (signal: (typeof SIGNALS)[number]) => 128 + constants.signals[signal];

  for (const signal of SIGNALS) {
    process.on(signal, () => {
      const now = performance.now();
      if (cancelled === undefined) {
        cancelled = { signal, at: now };
        if (child.connected) child.send('cancel', () => {});
        if (signal === 'SIGINT') {
          setTimeout(
            () => say('Stopping after the current step. Press Ctrl-C again to end at once.'),
            STILL_STOPPING_MS,
          );
        } else {
          setTimeout(() => force((outcome) => `Ended: ${outcome}.`, codeOf(signal)), GRACE_MS);
        }
      } else if (now - cancelled.at > ONE_PRESS_MS) {
        force((outcome) => `Ended: ${outcome}.`, codeOf(cancelled.signal));
      }
    });
  }

  child.on('message', (report: Report) => {
    if (report.kind === 'begins') {
      const { id, what, limitSeconds } = report;
      const tooLong = (outcome: string) =>
        `${what} took longer than ${limitSeconds} s, so it was ended and ${outcome}; --open-limit SECONDS gives it longer.`;
      opening.set(id, [
        setTimeout(() => say(`${what} has taken ${LONG_SECONDS} s so far. Ctrl-C ends it.`), LONG_SECONDS * 1000),
        ...(limitSeconds > 0 ? [setTimeout(() => force(tooLong, 1), limitSeconds * 1000)] : []),
      ]);
    } else if (report.kind === 'ended') {
      for (const timer of opening.get(report.id) ?? []) clearTimeout(timer);
      opening.delete(report.id);
    } else if (report.kind === 'staging') {
      for (const file of report.files) unfinished.add(file);
    } else {
      finishing = true;
    }
  });

  child.on('error', (error) => {
    say(`The work could not be started (${error.message}): close other programs and try again.`);
    process.exit(1);
  });

  let ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined;
  const finish = () => {
    // What the process reported before its end may arrive after it.
    if (ended === undefined || child.connected) return;
    const { code, signal } = ended;
    const outcome = outcomeOf(unfinished, finishing);
    for (const file of unfinished) rmSync(file, { force: true });
    if (forced !== undefined) {
      say(forced.message(outcome));
      process.exit(forced.code);
    }
    if (signal !== null) {
      if (cancelled !== undefined) say(`Cancelled: ${outcome}.`);
      else say(`The work ended by ${signal} before it was done, and ${outcome}. ${REASONS[signal] ?? ''}`.trim());
      process.exit(cancelled === undefined ? 1 : codeOf(cancelled.signal));
    }
    process.exit(code === CANCELLED && cancelled !== undefined ? codeOf(cancelled.signal) : (code ?? 1));
  };
  child.on('exit', (code, signal) => {
    ended = { code, signal };
    finish();
  });
  child.on('disconnect', finish);
}

/** What became of the result, by which of its files still have their temporary names. */
function outcomeOf(files: ReadonlySet<string>, finishing: boolean): string {
  const left = [...files].filter((file) => existsSync(file)).length;
  if (!finishing || left === files.size) return 'nothing was written';
  return left === 0 ? 'the result had been written' : 'the result was only half written: run it again';
}

const REASONS: Readonly<Record<string, string>> = {
  SIGKILL: 'The system ends processes like this when memory runs out: close other programs or compress fewer layers.',
  SIGABRT:
    'Memory ran out, or a native library crashed on this model: close other programs, or open the model in ONNX Runtime to see whether it is sound.',
  SIGSEGV: 'A native library crashed on this model: open the model in ONNX Runtime to see whether it is sound.',
  SIGBUS: 'A file became shorter while it was read, or memory ran out.',
};

/** A line on standard error, where there is one to write to. */
function say(message: string): void {
  // A progress bar may stand on the line.
  const clear = process.stderr.isTTY ? '\r\u001b[K' : '';
  try {
    writeSync(2, `${clear}carrara: ${message}\n`);
  } catch {
    // The terminal is gone.
  }
}
