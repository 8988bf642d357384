import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { chain } from './models';
import { Studio } from './studio';

/** Ids of the GPU processes of browsers that this process has started, found in /proc. */
function gpuProcesses(): number[] {
  const status = (pid: string) => {
    try {
      const [command, stat] = [readFileSync(`/proc/${pid}/cmdline`, 'utf8'), readFileSync(`/proc/${pid}/stat`, 'utf8')];
      // The name of a program may hold spaces and brackets: what follows the last bracket is state and parent.
      return { command, parent: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]! };
    } catch {
      return undefined;
    }
  };
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        const found = status(pid);
        return found ? [[pid, found] as const] : [];
      }),
  );
  const isOurs = (pid: string): boolean => {
    for (let at: string | undefined = pid; at !== undefined && at !== '0'; at = all.get(at)?.parent)
      if (at === String(process.pid)) return true;
    return false;
  };
  return [...all].flatMap(([pid, { command }]) =>
    command.includes('--type=gpu-process') && isOurs(pid) ? [Number(pid)] : [],
  );
}

test('the GPU process dies during a run: the run goes on, and the page says so', async ({ page }) => {
  test.skip(process.platform !== 'linux', 'Processes are found through /proc.');
  const studio = new Studio(page);
  await studio.load();
  const chip = page.getByRole('banner').getByRole('button', { name: /^(WebGPU|CPU)/ });
  if (!(await chip.textContent())?.startsWith('WebGPU')) {
    await chip.click();
    await page.getByRole('menuitem', { name: 'Factorise on the GPU (WebGPU)' }).click();
    await expect(page.getByRole('banner').getByRole('button', { name: /^WebGPU/ })).toBeVisible();
  }
  await studio.open('chain.onnx', chain({ width: 256, layers: 8, rank: 100 }));
  await studio.compressButton.click();
  // In the middle: some layers are done, and some are not. It asks at every frame, since a fast GPU finishes soon.
  await page.waitForFunction(
    () => Number(document.querySelector('footer [role=progressbar]')?.getAttribute('aria-valuenow')) > 15,
  );
  const processes = gpuProcesses();
  expect(processes).toHaveLength(1);
  process.kill(processes[0]!, 'SIGKILL');

  const runs = page.getByRole('region', { name: 'Runs' }).getByRole('listitem');
  await expect(runs).toHaveCount(1);
  await expect(studio.notices).toContainText(/The GPU failed during run 1/);
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await expect(compare).toContainText(/The GPU failed .*, and /);
  await studio.idle();
  await expect(compare.getByText('8 rewritten')).toBeVisible();
  await expect(studio.modelChip('chain.onnx')).toBeVisible();
});
