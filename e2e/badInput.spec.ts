import { expect, type Page, test } from '@playwright/test';
import { chain, external, npz, numbers, strayTensor, type TestFile, text } from './models';
import { Studio } from './studio';

// Every mistake, with what its notice must name. What was open stays open, so one page takes all of them in turn.

const good = chain();
const recipe = (step: object, more: object = {}): Uint8Array => text({ version: 1, steps: [step], ...more });
const svd = (options: object): object => ({ layers: '*', method: 'svd', options });

const CASES: readonly { what: string; files: readonly TestFile[]; says: readonly RegExp[] }[] = [
  { what: 'an empty file', files: [{ name: 'empty.onnx', bytes: new Uint8Array(0) }], says: [/empty\.onnx/, /empty/] },
  {
    what: 'a truncated model',
    files: [{ name: 'half.onnx', bytes: good.slice(0, good.length / 2) }],
    says: [/half\.onnx/, /truncated|cut short|incomplete|ends/],
  },
  {
    what: 'text renamed to .onnx',
    files: [{ name: 'notes.onnx', bytes: text('Shopping list: two eggs, one loaf of bread, butter.') }],
    says: [/notes\.onnx/],
  },
  {
    what: 'a protobuf that is no model',
    files: [{ name: 'stray.onnx', bytes: strayTensor() }],
    says: [/stray\.onnx/],
  },
  {
    what: 'missing external data',
    files: [{ name: 'outside.onnx', bytes: external() }],
    says: [/weights\.bin/],
  },
  {
    what: 'short external data',
    files: [
      { name: 'outside.onnx', bytes: external() },
      { name: 'weights.bin', bytes: new Uint8Array(1000) },
    ],
    says: [/weights\.bin/],
  },
  {
    what: 'data with other names',
    files: [{ name: 'other.npz', bytes: npz({ pixels: { dims: [2, 64], data: numbers(128, 1) } }) }],
    says: [/other\.npz|pixels/, /"?x"?/],
  },
  {
    what: 'data of another shape',
    files: [{ name: 'wide.npz', bytes: npz({ x: { dims: [2, 65], data: numbers(130, 1) } }) }],
    says: [/65/, /64/],
  },
  { what: 'data that is no archive', files: [{ name: 'fake.npz', bytes: text('no zip') }], says: [/fake\.npz/] },
  {
    what: 'a recipe that is no JSON',
    files: [{ name: 'bad.json', bytes: text('{ steps') }],
    says: [/bad\.json/, /JSON/],
  },
  {
    what: 'a recipe with an unknown method',
    files: [{ name: 'r.json', bytes: recipe({ layers: '*', method: 'magic', options: {} }) }],
    says: [/magic/],
  },
  {
    what: 'a recipe with an unknown key',
    files: [{ name: 'r.json', bytes: recipe({ ...svd({ rank: 4 }), colour: 'red' }) }],
    says: [/colour/],
  },
  {
    what: 'a recipe with a healing step',
    files: [{ name: 'r.json', bytes: recipe({ heal: { scope: 'model', minutes: 1 } }) }],
    says: [/heal/],
  },
  {
    what: 'a recipe with an impossible value',
    files: [{ name: 'r.json', bytes: recipe(svd({ energy: 1.5 })) }],
    says: [/energy/],
  },
  {
    what: 'a recipe with two budgets at once',
    files: [{ name: 'r.json', bytes: recipe(svd({ energy: 0.9, rank: 4 })) }],
    says: [/rank/, /energy/],
  },
  {
    what: 'a recipe whose pattern matches nothing',
    files: [{ name: 'r.json', bytes: recipe({ ...svd({ rank: 4 }), layers: 'decoder.*' }) }],
    says: [/decoder\.\*/],
  },
];

async function takeNotice(studio: Studio): Promise<string> {
  const alert = studio.notices.getByRole('alert');
  await expect(alert).toHaveCount(1);
  const sentence = (await alert.getByRole('paragraph').textContent()) ?? '';
  await alert.getByRole('button', { name: /^Dismiss/ }).click();
  await expect(alert).toHaveCount(0);
  return sentence;
}

test.describe('bad input', () => {
  let page: Page;
  let studio: Studio;

  test.beforeAll(async ({ browser }) => {
    page = await browser.newPage();
    studio = new Studio(page);
    await studio.load();
    await studio.open('good.onnx', good);
    await studio.measured();
  });
  test.afterAll(() => page.close());

  for (const { what, files, says } of CASES) {
    test(what, async () => {
      await studio.drop(...files);
      const sentence = await takeNotice(studio);
      for (const pattern of says) expect(sentence).toMatch(pattern);
      // One sentence for people: it begins and ends like a sentence, and shows no internal names.
      expect(sentence).toMatch(/\.$/);
      expect(sentence.length).toBeLessThan(300);
      expect(sentence).not.toMatch(/undefined|\[object|Error:|\n|\bat \w+ \(/);

      await expect(studio.modelChip('good.onnx')).toBeVisible();
      await expect(studio.rows).toHaveCount(3);
      await studio.idle();
    });
  }
});

for (const [what, value] of [
  ['NaN', Number.NaN],
  ['infinite', Number.POSITIVE_INFINITY],
] as const) {
  test(`${what} weights: compressing names the tensor`, async ({ page }) => {
    const studio = new Studio(page);
    await studio.load();
    await studio.open('poisoned.onnx', chain({ poison: { layer: 1, value } }));
    // Measuring the spectra finds the tensor first, and reports no error.
    await studio.measured();
    await studio.notices.getByRole('button', { name: /^Dismiss.*block\.1\.weight/ }).click();
    await studio.compressButton.click();
    await expect(studio.notices.getByRole('alert').filter({ hasText: 'block.1.weight' })).toBeVisible();
    await studio.idle();
    await expect(studio.rows).toHaveCount(3);
  });
}

test('an unknown operator: the model opens and its layers compress', async ({ page }) => {
  const studio = new Studio(page);
  await studio.load();
  await studio.open('unknown.onnx', chain({ unknownOperator: true }));
  await expect(studio.rows).toHaveCount(3);
  await studio.compressButton.click();
  await studio.idle();
  await studio.exportButton.click();
  await expect(page.getByRole('menuitem', { name: /^Model of run/ })).toBeEnabled();
});
