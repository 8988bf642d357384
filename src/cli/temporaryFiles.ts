import { readdirSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

// Machines that share a folder number their processes alike, so the name has the machine's too.
const PREFIX = `.carrara-${hostname()
  .replace(/[^\w-]/g, '_')
  .slice(0, 60)}-`;

/** The name of a file that this process has not finished. It says whose it is, and fits where any name does. */
export const temporaryName = (part: string): string => `${PREFIX}${process.pid}-${part}.part`;

/** Removes unfinished files that processes of this machine have left in `folder` and that are no longer running. */
export function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(PREFIX) ? /^(\d+)-\w+\.part$/.exec(name.slice(PREFIX.length))?.[1] : undefined;
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user may not be asked, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
