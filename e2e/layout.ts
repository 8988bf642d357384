import { expect, type Page } from '@playwright/test';

/** Widths of a phone, a tablet, small and usual laptops, a desktop and a wide screen, with their usual heights. */
export const SIZES = [
  { width: 390, height: 844 },
  { width: 768, height: 1024 },
  { width: 1024, height: 768 },
  { width: 1440, height: 900 },
  { width: 1920, height: 1080 },
  { width: 2560, height: 1440 },
] as const;

/**
 * Checks the layout of the page at every size, light and dark, and with every panel that tabs can choose. `tabs`: false
 * for a state that does not last that long.
 */
export async function expectFitsEverywhere(page: Page, state: string, tabs = true): Promise<void> {
  const before = page.viewportSize()!;
  const faults: string[] = [];
  const look = async (where: string) => {
    await settled(page);
    faults.push(...(await layoutFaults(page)).map((fault) => `${state}, ${where}: ${fault}`));
  };
  const panels = page.getByRole('radiogroup', { name: /^(Panel shown|Shown beside the layers)$/ });
  for (const size of SIZES) {
    await page.setViewportSize(size);
    const where = `${size.width} × ${size.height}`;
    await page.emulateMedia({ colorScheme: 'dark' });
    await look(`${where}, dark`);
    await page.emulateMedia({ colorScheme: 'light' });
    await look(where);
    // Colours do not change the layout, so the other panels are checked in the light scheme only.
    if (!tabs || (await panels.count()) === 0) continue;
    for (const panel of await panels.locator('label').allTextContents()) {
      await panels.getByText(panel, { exact: true }).click();
      await look(`${where}, ${panel}`);
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: null });
  expect(faults.join('\n')).toBe('');
}

/** Waits until charts have measured their boxes and are drawn, and animations have ended. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    for (let frames = 0; frames < 4; frames++) await frame();
    await Promise.allSettled(
      document
        .getAnimations()
        .filter((animation) => animation.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map((animation) => animation.finished),
    );
  });
}

/**
 * What does not fit, a sentence each: a document that scrolls, a header or a footer out of view, a panel that can be moved
 * sideways, text or a control that is cut off without a scroll bar and without an ellipsis whose whole text a title tells,
 * and a vertical scroll bar within another.
 */
export function layoutFaults(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const faults: string[] = [];
    const root = document.documentElement;
    const nameOf = (element: Element) => {
      const classes = typeof element.className === 'string' ? element.className : '';
      const text = (element.textContent ?? '').trim().slice(0, 40);
      return `<${element.tagName.toLowerCase()} class="${classes}"> “${text}”`;
    };
    // Text for screen readers, 1 × 1 px on purpose, and what is in it.
    const isHidden = (element: Element) => {
      for (let each: Element | null = element; each; each = each.parentElement) {
        const style = getComputedStyle(each);
        if (style.display === 'none' || style.visibility === 'hidden' || style.opacity === '0') return true;
        if (style.position === 'absolute' && each.clientWidth <= 1 && each.clientHeight <= 1) return true;
      }
      return false;
    };
    if (root.scrollWidth > root.clientWidth) faults.push(`the document is ${root.scrollWidth} px wide`);
    if (root.scrollHeight > root.clientHeight) faults.push(`the document is ${root.scrollHeight} px high`);
    for (const bar of document.querySelectorAll('header, footer')) {
      const { top, bottom, left, right } = bar.getBoundingClientRect();
      if (top < -0.5 || left < -0.5 || bottom > innerHeight + 0.5 || right > innerWidth + 0.5)
        faults.push(`${bar.tagName} is not in view (${top}…${bottom})`);
    }
    // A control that something covers cannot be read or pressed.
    for (const control of document.querySelectorAll('header a, header button, footer button, .middle-tabs label')) {
      if (isHidden(control) || document.querySelector('[role=menu]')) continue;
      const { left, top, width, height } = control.getBoundingClientRect();
      const there = document.elementFromPoint(left + width / 2, top + height / 2);
      if (!there || !(control.contains(there) || there.contains(control)))
        faults.push(`${nameOf(control)} is covered by ${there ? nameOf(there) : 'nothing'}`);
    }
    const scrolls = (element: Element) => {
      const { overflowY } = getComputedStyle(element);
      return (overflowY === 'auto' || overflowY === 'scroll') && element.scrollHeight > element.clientHeight + 1;
    };
    const scrollsX = (element: Element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
    // Boxes that may scroll sideways (code, tables with many columns) can be reached by keyboard.
    const movesSideways = (element: Element) => scrollsX(element) && (element as HTMLElement).tabIndex >= 0;
    for (const element of document.body.querySelectorAll('*')) {
      if (isHidden(element)) continue;
      if (scrolls(element)) {
        for (let outer = element.parentElement; outer; outer = outer.parentElement)
          if (scrolls(outer)) faults.push(`${nameOf(element)} scrolls within ${nameOf(outer)}`);
      }
      if (scrollsX(element) && element.scrollWidth > element.clientWidth + 1 && !movesSideways(element))
        faults.push(`${nameOf(element)} can be moved sideways (${element.scrollWidth} in ${element.clientWidth} px)`);
      if (element instanceof HTMLInputElement && element.value && element.scrollWidth > element.clientWidth + 1)
        faults.push(`the field “${element.value}” is cut off (${element.scrollWidth} in ${element.clientWidth} px)`);
      const ownText = [...element.childNodes].some(
        (child) => child.nodeType === Node.TEXT_NODE && child.textContent?.trim(),
      );
      const control = element.matches('button, a, input, select, canvas, summary');
      if (!ownText && !control) continue;
      const box = ownText ? textBox(element) : element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      for (let outer: Element | null = element; outer && outer !== root; outer = outer.parentElement) {
        const { overflowX, overflowY, textOverflow, webkitLineClamp, position } = getComputedStyle(outer);
        const clipsX = overflowX !== 'visible' && !movesSideways(outer);
        const clipsY = overflowY === 'hidden' || overflowY === 'clip';
        const clip = outer.getBoundingClientRect();
        const cutX = clipsX && (box.right > clip.right + 1.5 || box.left < clip.left - 1.5);
        const cutY = clipsY && (box.bottom > clip.bottom + 2.5 || box.top < clip.top - 2.5);
        if (cutX || cutY) {
          const shortened =
            (textOverflow === 'ellipsis' || (webkitLineClamp !== 'none' && webkitLineClamp !== '')) &&
            outer.closest('[title]') !== null;
          if (!shortened)
            faults.push(
              `${nameOf(element)} is cut off by ${nameOf(outer)} (${cutX ? 'sideways' : 'below'}: ${Math.round(box.left)}…${Math.round(box.right)} in ${Math.round(clip.left)}…${Math.round(clip.right)}, ${Math.round(box.top)}…${Math.round(box.bottom)} in ${Math.round(clip.top)}…${Math.round(clip.bottom)})`,
            );
          break;
        }
        // Content outside of a box that scrolls is reached by scrolling.
        if (overflowY === 'auto' || overflowY === 'scroll') break;
        if (movesSideways(outer)) break;
        if (position === 'fixed') break;
      }
    }
    return [...new Set(faults)];

    function textBox(element: Element): DOMRect {
      if (element instanceof SVGElement) return element.getBoundingClientRect();
      const range = document.createRange();
      range.selectNodeContents(element);
      return range.getBoundingClientRect();
    }
  });
}
