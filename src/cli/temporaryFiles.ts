import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

// Machines that share a folder number their processes alike, and so do the containers of one machine: the name says
// which of them it was.
const PREFIX = `.carrara-${hostname()
  .replace(/[^\w-]/g, '_')
  .slice(0, 60)}-${processSpace()}`;

/** Tells this process from an earlier one of the same number. */
const TOKEN = randomBytes(4).toString('hex');

/** The name of a file that this process has not finished. It says whose it is, and fits where any name does. */
export const temporaryName = (part: string): string => `${PREFIX}${process.pid}-${TOKEN}-${part}.part`;

/**
 * Removes unfinished files that processes of this machine have left in `folder` and that are no longer running. What
 * cannot be listed or removed stays: nobody's work may fail because of it.
 */
export function sweep(folder: string): void {
  for (const name of namesIn(folder)) {
    const found = name.startsWith(PREFIX) && /^(\d+)-(\w+)-\w+\.part$/.exec(name.slice(PREFIX.length));
    if (!found) continue;
    const [, pid, token] = found;
    if (Number(pid) === process.pid ? token === TOKEN : isRunning(Number(pid))) continue;
    try {
      rmSync(join(folder, name), { force: true });
    } catch {
      // Another user's, in a folder where everybody removes only what is their own.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A folder may take files and not be listed.
    return [];
  }
}

/** Which numbering of processes this one is in, where the system has several: Linux numbers those of a container apart. */
function processSpace(): string {
  try {
    return `${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}-`;
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // A process of another user may not be asked, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the process has ended and only waits for its parent to ask how: a signal still reaches it. Linux alone says so. */
function isZombie(pid: number): boolean {
  try {
    // The state follows the name, which is in parentheses and may hold any character.
    return /^.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
