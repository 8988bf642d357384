import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { Studio } from './studio';

// The sample classifies clothes: on generated inputs it sees the same garment everywhere.
for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    test('a model that is destroyed is not praised', async ({ page }) => {
      const studio = new Studio(page);
      await studio.load();
      await studio.chooseCpu();
      await studio.openSample();
      await studio.measured();
      await page
        .getByRole('banner')
        .getByRole('button', { name: /samples/ })
        .click();
      await page.getByRole('menuitem', { name: 'Use generated inputs' }).click();
      await page.getByRole('textbox', { name: /as a number$/ }).fill('3');
      await expect(studio.workbench).toContainText('5 of the 6 layers have relative errors above 50 %');
      await studio.compress();

      const compare = page.getByRole('complementary', { name: 'Compare' });
      await expect(compare).toContainText('agreement says little');
      await expect(compare).toContainText('Only real data tells whether the model still works');
      await expect(compare.getByRole('heading', { name: /^Size against cosine/ })).toBeVisible();
      await expect(compare.getByRole('row').nth(2)).toContainText('cosine');
      const [chooser] = await Promise.all([
        page.waitForEvent('filechooser'),
        compare.getByRole('button', { name: 'Open test data…' }).click(),
      ]);
      expect(chooser.isMultiple()).toBe(true);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);
    });
  });
}
