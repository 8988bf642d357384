import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { chain } from './models';
import { Studio } from './studio';

const SIZES = [
  { width: 390, height: 844 },
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
];
const SCHEMES = ['light', 'dark'] as const;

async function expectNoViolations(page: Page): Promise<void> {
  // Waits for transitions between colours: contrast is checked when they have ended.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((animation) => animation.finished)));
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => node.html).join('\n  ')}`,
  );
  expect(found.join('\n')).toBe('');
}

/** The page must never scroll sideways, and no text may reach beyond it. */
async function expectFits(page: Page): Promise<void> {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
}

for (const colorScheme of SCHEMES) {
  for (const viewport of SIZES) {
    test.describe(`${colorScheme}, ${viewport.width}×${viewport.height}`, () => {
      test.use({ colorScheme, viewport });

      test('welcome', async ({ page }) => {
        await new Studio(page).load();
        await expectNoViolations(page);
        await expectFits(page);
      });

      test('start page with a kept model', async ({ page }) => {
        const studio = new Studio(page);
        await studio.load();
        await studio.open('chain.onnx', chain());
        await studio.measured();
        await studio.compress();
        await studio.kept();
        await page.getByRole('link', { name: 'Carrara, the start page' }).click();
        const projects = page.getByRole('region', { name: 'Kept in this browser' });
        await expect(projects.getByRole('listitem')).toHaveCount(1);
        await expectNoViolations(page);
        await expectFits(page);
      });

      test('lesson', async ({ page }) => {
        await page.goto('./#/lessons/rank');
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.getByRole('slider').first()).toBeVisible();
        await expectNoViolations(page);
        await expectFits(page);
      });

      test('a model open, then compared', async ({ page }) => {
        const studio = new Studio(page);
        await studio.load();
        await studio.open('chain.onnx', chain());
        await studio.measured();
        await expectNoViolations(page);
        await expectFits(page);
        await studio.compress();
        await expectNoViolations(page);
        await expectFits(page);
      });
    });
  }
}
