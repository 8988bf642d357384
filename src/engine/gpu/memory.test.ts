import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
// SwiftShader's memory is the process's, so that a limit on one is a limit on the other. lavapipe's is not.
const software = process.env.VK_ICD_FILENAMES?.includes('swiftshader') && existsSync('/usr/bin/prlimit');

describe.skipIf(!software)('memory of an adapter that really runs out', () => {
  it('is reported as such and stays, and closing the device returns it to the one that is opened next', () => {
    const script = ['--import', './scripts/register.mjs', 'src/engine/gpu/filling.fixtures.ts'];
    const { stdout, stderr, status, signal } = spawnSync(process.execPath, script, { cwd: root, encoding: 'utf8' });
    // Dawn prints on standard output too, when it likes.
    const told = stdout.split('\n').find((line) => line.startsWith('{'));
    expect(told, `${stdout}${stderr} ${status} ${signal}`).toBeDefined();
    const report = JSON.parse(told!);
    expect(report).toMatchObject({
      reason: 'memory',
      message: expect.stringMatching(/ has no memory left for this layer; use the CPU backend\.$/),
      sticks: true,
      left: 0,
      product: [19, 22, 43, 50],
    });
    // At least seven parts of 128 MiB were held; threads that were started meanwhile keep their stacks of 8 to 64 MiB.
    expect(report.returned).toBeGreaterThan(6 * 2 ** 27);
  });
});
