import { readFile } from 'node:fs/promises';
import { expect, type Locator, type Page, type Worker } from '@playwright/test';
import type { TestFile } from './models';

/** The studio as a user meets it: every locator is a role and the name that assistive technology reads. */
export class Studio {
  readonly notices: Locator;
  readonly rows: Locator;
  readonly compressButton: Locator;
  readonly exportButton: Locator;
  readonly cancelButton: Locator;
  readonly budget: Locator;
  readonly workbench: Locator;
  /** The cards of the stack in view. */
  readonly steps: Locator;

  constructor(readonly page: Page) {
    this.notices = page.getByRole('region', { name: 'Notices' });
    this.rows = page.getByRole('grid', { name: 'Compressible layers' }).getByRole('row');
    this.compressButton = page.getByRole('button', { name: /^Compress \d+ layers?$/ });
    this.exportButton = page.getByRole('banner').getByRole('button', { name: 'Export', exact: true });
    this.cancelButton = page.getByRole('contentinfo').getByRole('button', { name: 'Cancel' });
    this.budget = page.getByRole('slider', { name: /budget$/ });
    this.steps = page.getByRole('list', { name: 'Steps' }).first().locator('button[aria-keyshortcuts]');
    this.workbench = page.getByRole('region', { name: 'Step' });
  }

  /** Loads the page and waits until the engine has said which backend it runs on. */
  async load(): Promise<void> {
    // Proposals would take time from what a test looks at, and change the recipe while it does.
    await this.page.addInitScript(() => localStorage.setItem('carrara.proposals', 'off'));
    await this.page.goto('./');
    await this.loaded();
  }

  /** Waits until the engine has said which backend it runs on. */
  async loaded(): Promise<void> {
    await expect(this.page.getByRole('banner').getByRole('button', { name: /^(WebGPU|CPU)/ })).toBeVisible();
  }

  /** Waits until a reload brings back what is open, with the last changes. */
  async kept(): Promise<void> {
    await expect(this.page.getByRole('contentinfo')).toContainText('Kept in this browser');
    // Changes are collected before they are kept; a reload keeps them too, the crash of a browser would not.
    await this.page.waitForTimeout(400);
  }

  async chooseCpu(): Promise<void> {
    const chip = this.page.getByRole('banner').getByRole('button', { name: /^(WebGPU|CPU)/ });
    if ((await chip.textContent())?.startsWith('CPU')) return;
    await chip.click();
    await this.page.getByRole('menuitem', { name: 'Factorise on the CPU' }).click();
    await expect(this.page.getByRole('banner').getByRole('button', { name: /^CPU/ })).toBeVisible();
  }

  async openSample(): Promise<void> {
    await this.page
      .getByRole('button', { name: /Sample · one click/ })
      .first()
      .click();
    await expect(this.rows.first()).toBeVisible();
    await this.chooseSvd();
  }

  /** The recipe of most tests: truncated SVD at half the size, for all layers. Its notice is closed. */
  async chooseSvd(): Promise<void> {
    const recipe = { version: 1, steps: [{ layers: '*', method: 'svd', options: { size: 0.5 } }] };
    await this.drop({ name: 'half-svd.json', bytes: new TextEncoder().encode(JSON.stringify(recipe)) });
    await this.notices.getByRole('button', { name: /^Dismiss: half-svd\.json was taken over/ }).click();
  }

  /** Drops files on the page, all at once, as the desktop would. */
  async drop(...files: readonly TestFile[]): Promise<void> {
    const plain = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }));
    await this.page.evaluate(async (given) => {
      const transfer = new DataTransfer();
      for (const { name, base64 } of given) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
      }
      for (const type of ['dragenter', 'dragover', 'drop']) {
        document.body.dispatchEvent(
          new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true, composed: true }),
        );
      }
    }, plain);
  }

  /** The question before a model with runs is closed, where nothing is kept. */
  get question(): Locator {
    return this.page.getByRole('dialog', { name: /^Close / });
  }

  /** Opens a bundled sample from the menu of the open model. */
  async chooseSample(open: string, sample: string): Promise<void> {
    await this.modelChip(open).click();
    await this.page.getByRole('menuitem', { name: `Sample: ${sample}` }).click();
  }

  /** As `drop`, and waits for the layers of this model. */
  async open(name: string, bytes: Uint8Array): Promise<void> {
    await this.drop({ name, bytes });
    await expect(this.modelChip(name)).toBeVisible();
    await expect(this.rows.first()).toBeVisible();
    await this.chooseSvd();
  }

  modelChip(name: string): Locator {
    return this.page.getByRole('banner').getByRole('button', { name });
  }

  /** Compresses the ticked layers and waits for the run and the comparison that follows. */
  async compress(): Promise<void> {
    const runs = this.page.getByRole('region', { name: 'Runs' }).getByRole('listitem');
    const before = await runs.count();
    await this.compressButton.click();
    await expect(runs).toHaveCount(before + 1);
    await expect(this.page.getByRole('button', { name: 'Compare again' })).toBeVisible();
    await this.idle();
  }

  /** Until no job runs; the measuring of spectra in the background is none. */
  async idle(): Promise<void> {
    await expect(this.compressButton).toBeEnabled();
    await expect(this.exportButton).toBeEnabled();
  }

  /** Until the spectra of all layers are there. */
  async measured(): Promise<void> {
    await expect(this.page.getByRole('contentinfo')).toContainText('Ready');
  }

  async selectOnly(layer: string | RegExp): Promise<void> {
    await this.rows.filter({ hasText: layer }).first().click();
  }

  async addStep(title: string): Promise<void> {
    await this.page.getByRole('button', { name: '+ step' }).click();
    await this.page.getByRole('menuitem', { name: new RegExp(`^${title}`) }).click();
  }

  /** Downloads what an entry of the Export menu offers. */
  async exported(entry: RegExp): Promise<{ name: string; bytes: Uint8Array }> {
    await this.exportButton.click();
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('menuitem', { name: entry }).click(),
    ]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
  }
}

/**
 * The worker that runs the engine now. The runtime's threads are workers too, and a worker that was replaced is listed
 * until the browser has ended it.
 */
export function engineOf(page: Page): Worker {
  return page.workers().findLast((worker) => /assets\/main-/.test(worker.url()))!;
}

/**
 * Holds the engine at its next turn, so that what it is told to do is still running when a test looks at it. The function
 * that it returns lets the engine go on.
 */
export async function holdEngine(page: Page): Promise<() => void> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const isHeld = new Promise<void>((resolve) => {
    void page.route('**/hold', async (route) => {
      resolve();
      await released;
      await route.fulfill({ body: '' });
    });
  });
  // A worker that waits for the answer of such a request takes no message.
  const wait = () => {
    const request = new XMLHttpRequest();
    request.open('GET', '/hold', false);
    request.send();
  };
  engineOf(page)
    .evaluate(wait)
    .catch(() => undefined);
  await isHeld;
  return release;
}

/** The engine's worker ends by an error of its own, as it does when its memory runs out. */
export function crash(page: Page): void {
  const fail = () => {
    setTimeout(() => {
      throw new Error('made up');
    });
  };
  // The worker may be gone before it has answered.
  engineOf(page)
    .evaluate(fail)
    .catch(() => undefined);
}

/** A browser that lets the page keep nothing, as on an address without https or where the user denies storage. */
export async function denyStorage(page: Page): Promise<void> {
  const deny = 'Object.defineProperty(Object.getPrototypeOf(navigator), "storage", { get: () => undefined });';
  await page.addInitScript(deny);
  // The engine's worker has a navigator of its own.
  await page.route(/assets\/main-.*\.js/, async (route) => {
    // A reload asks only whether the script has changed: the answer would have no body.
    const { 'if-none-match': _, 'if-modified-since': __, ...headers } = route.request().headers();
    const response = await route.fetch({ headers });
    await route.fulfill({ response, body: `${deny}\n${await response.text()}` });
  });
}
