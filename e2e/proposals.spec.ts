import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { Studio } from './studio';

const cardOf = (page: Page) => page.getByRole('region', { name: 'Three ways to make it smaller' });

/** Opens the first sample as a new user does: nothing is chosen, and proposals are looked for. */
async function openedSample(page: Page): Promise<Studio> {
  const studio = new Studio(page);
  await page.goto('./');
  await studio.loaded();
  await page
    .getByRole('button', { name: /Sample · one click/ })
    .first()
    .click();
  await expect(studio.rows.first()).toBeVisible();
  return studio;
}

test('opening a sample brings three proposals; the safe one is run and holds what it promised', async ({ page }) => {
  const studio = await openedSample(page);
  // Before any proposal, Compress would store codes of 8 bits.
  await expect(studio.steps).toHaveText([/Quantisation/]);
  const card = cardOf(page);
  await expect(card.getByRole('button', { name: 'Stop looking' })).toHaveCount(0);
  await expect(card).toContainText('samples of test.npz, which took no part in the choice');
  const safe = card.getByRole('article', { name: 'Safe' });
  await expect(safe).toContainText('Keeps its promise: loses at most 1 point of top-1 accuracy');
  const [, size] = /([\d.]+ [kM]B)/.exec(await safe.innerText())!;
  // What nobody has changed follows the safe proposal.
  await expect(page.getByRole('button', { name: 'Undo' })).toBeDisabled();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]!.html}`)).toEqual([]);

  await card.getByRole('button', { name: 'Use safe' }).click();
  await expect(page.getByRole('button', { name: 'Compare again' })).toBeVisible();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await expect(compare.getByRole('row', { name: /^file/ })).toContainText(size!);
  const accuracy = await compare.getByRole('row', { name: /^top-1 accuracy/ }).innerText();
  const [before, after] = [...accuracy.matchAll(/(\d+\.\d) %/g)].map(([, share]) => Number(share));
  // One point, and what 128 samples leave open of it.
  expect(before! - after!).toBeLessThan(3);

  await studio.kept();
  await studio.load();
  await expect(cardOf(page)).toContainText('Keeps its promise');
  await expect(cardOf(page).getByRole('button', { name: 'Stop looking' })).toHaveCount(0);
});

test('a recipe that was changed does not follow a proposal, and the card can be dismissed', async ({ page }) => {
  const studio = await openedSample(page);
  await studio.workbench.getByRole('button', { name: 'Remove the step' }).click();
  await studio.addStep('Half precision');
  await expect(cardOf(page).getByRole('button', { name: 'Use safe' })).toBeVisible();
  await expect(studio.steps).toHaveText([/Half precision/]);
  await expect(studio.workbench).not.toContainText('The layers have different steps');
  await page.getByRole('button', { name: 'Dismiss the proposals' }).click();
  await expect(cardOf(page)).toHaveCount(0);
  await page.getByRole('button', { name: 'Show three ways to make it smaller' }).click();
  await expect(cardOf(page).getByRole('button', { name: 'Use safe' })).toBeVisible();
});
