import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
// SwiftShader's memory is the process's, so that a limit on one is a limit on the other. lavapipe's is not.
const software = process.env.VK_ICD_FILENAMES?.includes('swiftshader') && existsSync('/usr/bin/prlimit');

describe.skipIf(!software)('memory of an adapter that really runs out', () => {
  it('is told as such, sticks, and leaves a device opened anew in order', () => {
    const script = ['--import', './scripts/register.mjs', 'src/engine/gpu/filling.fixtures.ts'];
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, script, { cwd: root, encoding: 'utf8' });
    // Dawn prints on standard output too, when it likes.
    const told = stdout.split('\n').find((line) => line.startsWith('{'));
    expect(told, `${stdout}${stderr} ${status} ${signal}`).toBeDefined();
    expect(JSON.parse(told!)).toMatchObject({
      reason: 'memory',
      message: expect.stringMatching(/ has no memory left for this layer; use the CPU backend\.$/),
      sticks: true,
      left: 0,
      product: [19, 22, 43, 50],
    });
  });
});
