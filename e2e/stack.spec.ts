import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { chain, npz, numbers, text } from './models';
import { outputs, relativeDifference } from './outputs';
import { Studio } from './studio';

test('a stack of two steps: built, tried, compressed, told, taken away and brought back', async ({ page }) => {
  const model = chain({ width: 64, layers: 3, rank: 8 });
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', model);
  await studio.measured();
  await page.getByRole('radiogroup', { name: 'Budget by' }).getByText('Rank').click();
  await page.getByRole('textbox', { name: /as a number$/ }).fill('8');
  await studio.addStep('Half precision');
  await expect(studio.steps).toHaveText([/Truncated SVD.*rank 8/, /Half precision/]);
  // 3 layers of 8·128 numbers, then the same in 16 bits.
  await expect(studio.steps.nth(0)).toContainText('12.3 kB');
  await expect(studio.steps.nth(1)).toContainText('6.14 kB');

  const tried = page.getByRole('region', { name: 'Tried on a layer' });
  await expect(tried).toContainText('measured in');
  await expect(tried.getByRole('table', { name: 'Measured after each step' }).getByRole('row')).toHaveCount(3);
  await expect(tried.getByRole('img', { name: /^Histogram/ })).toBeVisible();
  await expect(tried.getByRole('img', { name: /heat map$/ })).toHaveCount(3);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);

  await studio.compress();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await expect(compare.getByRole('row', { name: /^memory ≈\d/ })).toBeVisible();
  await expect(compare.getByRole('row', { name: /^load peak ≈/ })).toBeVisible();
  await compare.getByText(/3 rewritten/).click();
  const steps = compare.getByRole('list', { name: 'Steps' }).first().getByRole('listitem');
  await expect(steps).toHaveText([/^svd: 4\.10 kB/, /^half: 2\.05 kB/]);

  const recipe = await studio.exported(/^Recipe/);
  const { bytes } = await studio.exported(/^Model of run/);
  const input = { name: 'x', dims: [5, 64], values: numbers(5 * 64, 99) };
  // Each factor rounds by about 2e−4 of its norm: six of them in a row.
  expect(relativeDifference(await outputs(bytes, input), await outputs(model, input))).toBeLessThan(3e-3);

  await studio.load();
  // The tab opens again what it had open.
  await expect(studio.modelChip('chain.onnx')).toBeVisible();
  await studio.idle();
  await studio.open('again.onnx', model);
  await studio.drop(recipe);
  await expect(studio.steps).toHaveText([/rank 8/, /Half precision/]);
});

test('steps are moved and removed, by keyboard too', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  await studio.addStep('Half precision');
  await studio.steps.nth(1).focus();
  await page.keyboard.press('Alt+ArrowLeft');
  await expect(studio.steps).toHaveText([/Half precision/, /Truncated SVD/]);
  await expect(studio.steps.nth(0)).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect(studio.steps.nth(1)).toBeFocused();
  await page.keyboard.press('Delete');
  await expect(studio.steps).toHaveText([/Half precision/]);
  await studio.workbench.getByRole('button', { name: 'Remove the step' }).click();
  await expect(studio.steps).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'No layer ticked' })).toBeDisabled();
  await studio.addStep('Truncated SVD');
  await expect(studio.compressButton).toBeEnabled();
});

test('layers with other steps say so, and a change gives all the same', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  await studio.selectOnly('block.1');
  await studio.addStep('Half precision');
  await studio.rows.first().click();
  await page.keyboard.press('Control+a');
  await expect(studio.workbench).toContainText('The layers have different steps');
  await expect(studio.steps).toHaveCount(1);
  await page.getByRole('textbox', { name: /as a number$/ }).fill('30');
  await expect(studio.workbench).not.toContainText('The layers have different steps');
  await studio.selectOnly('block.1');
  await expect(studio.steps).toHaveText([/size 30 %/]);
});

test('what the export is best at goes into the recipe', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await page.getByRole('button', { name: 'Best for speed' }).click();
  await page.getByRole('menuitemradio', { name: /^For little memory/ }).click();
  await expect(page.getByRole('button', { name: 'Best for little memory' })).toBeVisible();
  const { bytes } = await studio.exported(/^Recipe/);
  expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ export: { aim: 'memory' } });
});

test('an aim that is chosen after the run is what is exported, and what sizes are of', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  const model = chain({ width: 128 });
  await studio.open('chain.onnx', model);
  await studio.drop({
    name: 'r.json',
    bytes: text({ version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 4 } }] }),
  });
  await studio.measured();
  await studio.compress();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  const memory = compare.getByRole('row', { name: /^memory/ });
  const before = await memory.textContent();
  const speed = await studio.exported(/^Model of run 1 \(\.onnx\), for speed/);

  await page.getByRole('button', { name: 'Best for speed' }).click();
  await page.getByRole('menuitemradio', { name: /^For little memory/ }).click();
  await expect(memory).not.toHaveText(before!);
  await expect(compare).toContainText('Latency was measured on the model written for speed');
  await studio.idle();
  const [runs] = [page.getByRole('region', { name: 'Runs' }).getByRole('listitem')];
  await expect(runs).toHaveCount(1);
  const small = await studio.exported(/^Model of run 1 \(\.onnx\), for little memory/);
  expect(small.name).toBe(speed.name);
  const metadata = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);
  expect(metadata(speed.bytes)).toContain('"aim":"speed"');
  expect(metadata(small.bytes)).toContain('"aim":"memory"');
  // Written otherwise, it computes the same. Four bits, then one rounding to float32 a product.
  const input = { name: 'x', dims: [5, 128], values: numbers(5 * 128, 99) };
  expect(relativeDifference(await outputs(small.bytes, input), await outputs(speed.bytes, input))).toBeLessThan(1e-5);
  const recipe = await studio.exported(/^Recipe/);
  expect(JSON.parse(new TextDecoder().decode(recipe.bytes))).toMatchObject({ export: { aim: 'memory' } });

  // Taken back, it is as it was.
  await page.keyboard.press('Control+z');
  await expect(memory).toHaveText(before!);
  await studio.idle();
  const again = await studio.exported(/^Model of run/);
  expect(Buffer.compare(again.bytes, speed.bytes)).toBe(0);
});

test('products of the layer are timed beside the dense one, after each move of the slider', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.openSample();
  await studio.selectOnly('fc2');
  const times = page.getByRole('table', { name: /^Time of one product/ });
  const form = times.getByRole('rowheader').first();
  await expect(times.getByRole('columnheader')).toHaveText(['one product of', '1 token', '16 tokens', '256 tokens']);
  await expect(times.getByRole('row', { name: /^dense/ })).toContainText(/ms.* ms.* ms/);
  await expect(page.getByRole('figure').filter({ has: times })).toContainText('Measured on this backend: CPU');
  const before = await form.textContent();
  expect(before).toMatch(/^rank \d+$/);
  await studio.budget.focus();
  await page.keyboard.press('Home');
  await expect(form).not.toHaveText(before!);
  await expect(times.getByRole('row', { name: /^rank/ })).toContainText(/ms.* ms.* ms/);
  // What was made up gives way to the trial's own weights.
  await expect(page.getByRole('figure').filter({ has: times })).toContainText('The weights are those of the trial.');
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);

  // A layer without a step keeps its dense weight: there is nothing to time.
  await studio.selectOnly('fc3');
  await page.getByRole('button', { name: 'Remove the step' }).click();
  await expect(times).toHaveCount(0);
});

/** A sample open on the CPU, its spectra measured, and the card that compares methods. */
async function sampleForMethods(page: Page) {
  const studio = new Studio(page);
  await studio.load();
  await studio.chooseCpu();
  await studio.openSample();
  await studio.measured();
  const card = page.getByRole('region', { name: 'Methods at equal bytes' });
  return { studio, card, start: card.getByRole('button', { name: 'Compare methods at equal bytes' }) };
}

test('comparing methods at equal bytes can be cancelled, and what was measured stays', async ({ page }) => {
  const { studio, card, start } = await sampleForMethods(page);
  // Large enough to be still running when the click arrives.
  await studio.selectOnly('fc1');
  await start.click();
  // Points come one by one, the lightest methods first.
  await expect(card.getByRole('row', { name: /^Half precision/ })).toBeVisible();
  await studio.cancelButton.click();
  await studio.idle();
  await expect(card).toContainText('Stopped before all methods were measured.');
  await expect(card.getByRole('row', { name: /^Half precision/ })).toBeVisible();
});

test('methods are compared at equal bytes', async ({ page }) => {
  const { studio, card, start } = await sampleForMethods(page);
  await studio.selectOnly('fc2');
  await start.click();
  const table = card.getByRole('table');
  await expect(table).toBeVisible();
  await studio.idle();
  // The sample's data is open, so that outputs are compared, and methods that look at data too.
  await expect(card.getByRole('img', { name: /^Error of the output over stored bytes/ })).toBeVisible();
  await expect(table.getByRole('row', { name: /^Pruning, SparseGPT/ })).toBeVisible();
  await expect(card).toContainText('Without a line: Structured pruning (cuts whole units');
  await card.getByText('Weight', { exact: true }).click();
  await expect(card.getByRole('img', { name: /^Error of the weight over stored bytes/ })).toBeVisible();
  await expect(table.getByRole('row', { name: /^Truncated SVD/ })).toContainText(/55\.\d %/);
  await expect(table.getByRole('row', { name: /^Pruning, SparseGPT/ })).toHaveCount(0);
  expect(await table.getByRole('row').count()).toBeGreaterThan(3);
  await card.getByRole('button', { name: 'Use Pruning at 25 %' }).click();
  await expect(card.getByRole('status')).toContainText('Pruning at 25 % is now in the workbench.');
  await expect(studio.steps).toHaveCount(1);
  await expect(studio.steps.first()).toContainText('Pruning');
  await page.keyboard.press('ControlOrMeta+z');
  await expect(studio.steps.first()).not.toContainText('Pruning');
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);

  // Errors of outputs are those on the data that was open.
  await page
    .getByRole('banner')
    .getByRole('button', { name: /samples/ })
    .click();
  await page.getByRole('menuitem', { name: 'Use generated inputs' }).click();
  await expect(table).toHaveCount(0);
});

test('a step that needs data says so before Compress does, and opens it', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  await studio.addStep('Pruning');
  await expect(studio.workbench).not.toContainText('Needs calibration data');
  await studio.workbench.getByText('Wanda', { exact: true }).click();
  await expect(studio.workbench).toContainText('Needs calibration data');
  await expect(studio.steps.nth(1)).toContainText('needs data');
  await studio.compressButton.click();
  await expect(studio.notices.getByRole('alert')).toContainText(/prune .* needs calibration data, .*: open an \.npz/);
  await expect(studio.notices).not.toContainText('--');
  // Of a step that is not in view the recipe tells.
  await studio.steps.nth(0).click();
  await expect(studio.workbench).not.toContainText('Needs calibration data');
  const recipe = page.getByRole('region', { name: 'Recipe' });
  await expect(recipe).toContainText('Needs calibration data. Pruning');
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    recipe.getByRole('button', { name: 'Open calibration data…' }).click(),
  ]);
  const bytes = npz({ x: { dims: [20, 64], data: numbers(1280, 5) } });
  await chooser.setFiles({ name: 'some.npz', mimeType: '', buffer: Buffer.from(bytes) });
  await expect(recipe).not.toContainText('Needs calibration data');
  await expect(studio.notices.getByRole('alert')).toHaveCount(0);
  await expect(studio.workbench.getByText('worst error', { exact: false })).toBeVisible();
  await studio.steps.nth(1).click();
  await expect(studio.workbench).toContainText('known after compressing');
  await studio.compress();
  await expect(studio.workbench).not.toContainText('known after compressing');
  await expect(studio.workbench).toContainText(/relative error is .*\(\/block\.\d\/MatMul, measured\)/);
});

test('edits are undone and redone, a drag as one, and never what is typed in a field', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.drop({ name: 'chain.onnx', bytes: chain() });
  await expect(studio.rows).toHaveCount(3);
  await studio.measured();
  const [undo, redo] = ['Undo', 'Redo'].map((name) => page.getByRole('button', { name, exact: true }));
  await expect(undo).toBeDisabled();
  await studio.chooseSvd();
  await studio.addStep('Quantisation');
  await studio.steps.nth(0).click();
  const before = await studio.steps.nth(0).textContent();
  // Hovering waits until the layout is at rest.
  await studio.budget.hover();
  const thumb = (await studio.budget.boundingBox())!;
  await page.mouse.down();
  for (const by of [-40, -80, -120]) await page.mouse.move(thumb.x + by, thumb.y + thumb.height / 2, { steps: 4 });
  await page.mouse.up();
  await expect(studio.steps.nth(0)).not.toHaveText(before!);
  const dragged = await studio.steps.nth(0).textContent();
  await page.keyboard.press('Control+z');
  await expect(studio.steps.nth(0)).toHaveText(before!);
  await page.keyboard.press('Control+z');
  await expect(studio.steps).toHaveCount(1);
  await page.keyboard.press('Control+z');
  await expect(undo).toBeDisabled();
  for (const title of [/^Truncated SVD/, /^Quantisation/]) {
    await redo.click();
    await expect(studio.steps.last()).toHaveText(title);
  }
  await expect(studio.steps).toHaveCount(2);
  await page.keyboard.press('Control+Shift+z');
  await expect(studio.steps.nth(0)).toHaveText(dragged!);
  // Each choice is an edit, however fast one follows another.
  await studio.steps.nth(1).click();
  for (const rounding of ['GPTQ', 'AWQ']) await studio.workbench.getByText(rounding, { exact: true }).click();
  for (const rounding of ['GPTQ', 'To nearest']) {
    await page.keyboard.press('Control+z');
    await expect(studio.workbench.getByRole('radio', { name: rounding })).toBeChecked();
  }
  await expect(studio.steps.nth(0)).toHaveText(dragged!);

  const filter = page.getByRole('textbox', { name: /^Filter layers/ });
  await filter.pressSequentially('block');
  await page.keyboard.press('Control+z');
  await expect(filter).not.toHaveValue('block');
  await expect(studio.steps.nth(0)).toHaveText(dragged!);

  // Another model has a history of its own.
  await studio.drop({ name: 'other.onnx', bytes: chain({ layers: 2 }) });
  await expect(studio.rows).toHaveCount(2);
  await expect(undo).toBeDisabled();
});

test('data without labels beside labelled data is what a whitened stack is calibrated on', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('chain.onnx', chain());
  await studio.measured();
  const x = (samples: number, seed: number) => ({ dims: [samples, 64], data: numbers(64 * samples, seed) });
  const labels = { dims: [20], data: Float32Array.from({ length: 20 }, (_, i) => i) };
  await studio.drop({ name: 'test.npz', bytes: npz({ x: x(20, 5), labels }) });
  await studio.drop({ name: 'calibration.npz', bytes: npz({ x: x(12, 6) }) });
  const steps = [{ layers: '*', method: 'svd', options: { size: 0.5, whiten: 'full' } }];
  await studio.drop({ name: 'whitened.json', bytes: text({ version: 1, steps }) });
  // The run waits for all of them.
  await studio.compress();
  const compare = page.getByRole('complementary', { name: 'Compare' });
  await expect(compare).toContainText('Measured with 20 samples of test.npz, labelled');
  await expect(compare).toContainText('Calibrated on 12 samples of calibration.npz.');
});
