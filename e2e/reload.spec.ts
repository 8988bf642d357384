import { expect, type Page, test } from '@playwright/test';
import { seeded } from '../src/engine/core/random';
import { chain, npz, numbers } from './models';
import { crash, denyStorage, Studio } from './studio';

// What is finished is there again after a reload or a crash of the engine, whenever it happens; nothing is half there.

const data = { name: 'test.npz', bytes: npz({ x: { dims: [20, 64], data: numbers(20 * 64, 5) } }) };

const reloaded = async (studio: Studio) => {
  await studio.page.reload();
  await isOpenAgain(studio, 3);
};

const isOpenAgain = async (studio: Studio, layers: number) => {
  await expect(studio.modelChip('chain.onnx')).toBeVisible();
  await expect(studio.rows).toHaveCount(layers);
};

/** What Compare shows of all runs. */
const runsOf = (page: Page): Promise<string[]> =>
  page.getByRole('region', { name: 'Runs' }).getByRole('listitem').allTextContents();

test('model, data, steps, ticks, runs, comparisons and undo are there again', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.drop({ name: 'chain.onnx', bytes: chain() }, data);
  await studio.measured();
  await studio.chooseSvd();
  await page.getByRole('textbox', { name: /as a number$/ }).fill('40');
  await studio.compress();
  await page.getByRole('textbox', { name: /as a number$/ }).fill('30');
  await studio.rows.nth(1).getByRole('checkbox').uncheck();
  const runs = await runsOf(page);
  const { bytes } = await studio.exported(/^Model of run/);
  await studio.kept();

  await reloaded(studio);
  await expect(page.getByRole('banner').getByRole('button', { name: /test\.npz/ })).toBeVisible();
  await expect(page.getByRole('textbox', { name: /as a number$/ })).toHaveValue(/^30/);
  await expect(studio.rows.nth(1).getByRole('checkbox')).not.toBeChecked();
  expect(await runsOf(page)).toEqual(runs);
  await expect(studio.notices.getByRole('alert')).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect(studio.rows.nth(1).getByRole('checkbox')).toBeChecked();
  // Nothing is compressed again for it.
  const again = await studio.exported(/^Model of run/);
  expect(Buffer.compare(again.bytes, bytes)).toBe(0);
  await studio.measured();
  await studio.compress();
  expect(await runsOf(page)).toHaveLength(2);
});

test('a reload at any moment of opening leaves the model open, or the start page', async ({ page }) => {
  const random = seeded(20);
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  for (let moment = 0; moment < 6; moment++) {
    await studio.drop({ name: 'chain.onnx', bytes: chain() });
    await page.waitForTimeout(random.below(150));
    await page.reload();
    const rows = studio.rows;
    const start = page.getByRole('heading', { level: 1, name: /^Carve/ });
    await expect(rows.first().or(start)).toBeVisible();
    await studio.loaded();
    if (await rows.first().isVisible()) await expect(rows).toHaveCount(3);
    // Where the copy of the model was not complete, that is said, with what to do.
    for (const text of await studio.notices.getByRole('alert').allTextContents())
      expect(text).toMatch(/open the (model’s file|file of chain\.onnx)/);
  }
});

// Each seed is a test of its own, with moments of running, comparing and exporting one after the other.
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const MOMENTS = 3;

for (const seed of SEEDS) {
  test(`a reload or a crash at any moment keeps all that is finished, seed ${seed}`, async ({ page }) => {
    const random = seeded(seed);
    const studio = new Studio(page);
    await studio.load();
    await studio.chooseCpu();
    await studio.open('chain.onnx', chain());
    await studio.measured();
    await studio.compress();
    await studio.kept();
    let runs = await runsOf(page);
    for (let moment = 0; moment < MOMENTS; moment++) {
      const doing = (['running', 'comparing', 'exporting'] as const)[(seed + moment) % 3]!;
      await page.getByRole('textbox', { name: /as a number$/ }).fill(String(20 + random.below(60)));
      await begin(studio, doing);
      await page.waitForTimeout(random.below(300));
      if (random.below(4) === 0) {
        crash(page);
        await expect(studio.notices).toContainText('is open again');
        await studio.notices.getByRole('button', { name: /^Dismiss: The engine stopped/ }).click();
      } else await reloaded(studio);
      await studio.idle();
      await continueRun(studio, runs.length + 1);
      await expect(studio.notices.getByRole('alert')).toHaveCount(0);
      const now = await runsOf(page);
      // A comparison that ended with the page is made again by a click; what was compared before stays.
      expect(now.slice(-runs.length).filter((run, at) => run !== runs[at] && !runs[at]!.includes('not run'))).toEqual(
        [],
      );
      expect(now.length - runs.length).toBeLessThanOrEqual(doing === 'running' ? 1 : 0);
      await compareIfAsked(studio);
      await studio.kept();
      runs = await runsOf(page);
    }
  });
}

async function begin(studio: Studio, doing: 'running' | 'comparing' | 'exporting'): Promise<void> {
  const { page } = studio;
  if (doing === 'running') await studio.compressButton.click();
  else if (doing === 'comparing') await page.getByRole('button', { name: /^Compare( again)?$/ }).click();
  else {
    await studio.exportButton.click();
    await page.getByRole('menuitem', { name: /^Model of run/ }).click();
  }
}

/** Continues a run that was interrupted, if there is one. */
async function continueRun(studio: Studio, runs: number): Promise<void> {
  const { page } = studio;
  const button = page.getByRole('region', { name: 'Interrupted run' }).getByRole('button', { name: 'Continue' });
  if (!(await button.isVisible())) return;
  await button.click();
  await expect(page.getByRole('region', { name: 'Runs' }).getByRole('listitem')).toHaveCount(runs);
  await studio.idle();
}

async function compareIfAsked(studio: Studio): Promise<void> {
  const { page } = studio;
  const button = page.getByRole('button', { name: 'Compare', exact: true });
  if (!(await button.isVisible())) return;
  await button.click();
  await studio.idle();
}

test('an interrupted run is offered, and goes on with the layers that are finished', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('chain.onnx', chain({ width: 512, layers: 6, rank: 300 }));
  // The page itself sees its first layer and reloads at once, however fast the machine is.
  const isAgain = page.waitForEvent('load');
  await page.evaluate(() => {
    const observer = new MutationObserver(() => {
      if (!/[1-5] of 6/.test(document.querySelector('footer')!.innerText)) return;
      observer.disconnect();
      location.reload();
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  await studio.compressButton.click();
  await isAgain;
  await isOpenAgain(studio, 6);
  const offered = page.getByRole('region', { name: 'Interrupted run' });
  await expect(offered).toContainText(/^Run 1 was interrupted after \d of 6 layers\./);
  await offered.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByRole('region', { name: 'Runs' }).getByRole('listitem')).toHaveCount(1);
  await studio.idle();
  await expect(offered).toHaveCount(0);
});

test('the start page lists what is kept, opens it and removes it', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('first.onnx', chain());
  await studio.measured();
  await studio.compress();
  await studio.kept();
  // Another model opens without a question: the runs of the first are kept.
  await studio.open('second.onnx', chain({ layers: 2 }));
  await studio.measured();
  await studio.compress();
  await studio.kept();
  await page.getByRole('link', { name: 'Carrara, the start page' }).click();
  const projects = page.getByRole('region', { name: 'Kept in this browser' });
  await expect(projects.getByRole('listitem')).toHaveCount(2);
  await expect(projects).toContainText('2 models');
  const first = projects.getByRole('listitem').filter({ hasText: 'first.onnx' });
  await expect(first).toContainText(/one run, .*[kM]?B of .*B · takes .*B/);
  await first.getByRole('button', { name: /^first\.onnx/ }).click();
  await expect(studio.modelChip('first.onnx')).toBeVisible();
  await expect(studio.rows).toHaveCount(3);
  expect(await runsOf(page)).toHaveLength(1);

  await page.getByRole('link', { name: 'Carrara, the start page' }).click();
  // What is open cannot be removed.
  await expect(first.getByRole('button', { name: 'Remove first.onnx' })).toBeDisabled();
  const second = projects.getByRole('listitem').filter({ hasText: 'second.onnx' });
  await second.getByRole('button', { name: 'Remove second.onnx' }).click();
  await second.getByRole('button', { name: 'Keep' }).click();
  await second.getByRole('button', { name: 'Remove second.onnx' }).click();
  await second.getByRole('button', { name: 'Remove', exact: true }).click();
  await expect(projects.getByRole('listitem')).toHaveCount(1);
  await page.reload();
  await expect(projects.getByRole('listitem')).toHaveCount(1);
  await page.getByRole('link', { name: 'Back to the studio' }).click();
  await expect(studio.rows).toHaveCount(3);
});

test('a second tab is told, reads, or takes over; neither overwrites the other', async ({ page, context }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  await studio.compress();
  await studio.kept();

  const other = new Studio(await context.newPage());
  await other.load();
  const row = other.page.getByRole('region', { name: 'Kept in this browser' }).getByRole('listitem');
  await expect(row).toContainText('open in another tab');
  const question = other.page.getByRole('dialog', { name: 'chain.onnx is open in another tab' });
  await row.getByRole('button', { name: /^chain\.onnx/ }).click();
  await page.waitForTimeout(100);
  await other.page.keyboard.press('Escape');
  await expect(question).toHaveCount(0);
  await row.getByRole('button', { name: /^chain\.onnx/ }).click();
  await question.getByRole('button', { name: 'Open to read' }).click();
  await expect(other.rows).toHaveCount(3);
  await expect(other.page.getByRole('contentinfo')).toContainText('changes here are not kept');
  await other.page.getByRole('textbox', { name: /as a number$/ }).fill('77');
  await page.getByRole('textbox', { name: /as a number$/ }).fill('33');
  await studio.kept();
  await reloaded(studio);
  await expect(page.getByRole('textbox', { name: /as a number$/ })).toHaveValue(/^33/);

  await other.page.getByRole('link', { name: 'Carrara, the start page' }).click();
  await row.getByRole('button', { name: /^chain\.onnx/ }).click();
  await question.getByRole('button', { name: 'Take over' }).click();
  await expect(other.page.getByRole('textbox', { name: /as a number$/ })).toHaveValue(/^33/);
  await expect(page.getByRole('contentinfo')).toContainText('changes here are not kept');
  await other.page.getByRole('textbox', { name: /as a number$/ }).fill('44');
  await other.kept();
  await page.getByRole('textbox', { name: /as a number$/ }).fill('55');
  await reloaded(other);
  await expect(other.page.getByRole('textbox', { name: /as a number$/ })).toHaveValue(/^44/);
});

test('a browser that keeps nothing works as before, and says so once', async ({ page }) => {
  await denyStorage(page);
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.open('chain.onnx', chain());
  await expect(studio.notices).toContainText('no place to keep work');
  await studio.measured();
  await studio.compress();
  await studio.drop({ name: 'other.onnx', bytes: chain({ layers: 2 }) });
  await studio.question.getByRole('button', { name: 'Open other.onnx' }).click();
  await expect(studio.rows).toHaveCount(2);
  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await studio.loaded();
  await expect(page.getByRole('heading', { level: 1, name: /^Carve/ })).toBeVisible();
});
