import { type RefObject, useLayoutEffect, useState } from 'react';

/** Rows are drawn in blocks of this many CSS pixels, so that scrolling seldom draws. */
const BLOCK = 256;

export interface RowWindow {
  /** Rows that are drawn: from the first to before the last. */
  readonly first: number;
  readonly last: number;
}

/** Which of many rows of equal height are near the visible part of a box that scrolls, after `above` pixels. */
export function useRowWindow(
  box: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
  above: number,
): RowWindow {
  const [blocks, setBlocks] = useState({ from: 0, to: 4 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      const top = element.scrollTop - above;
      const from = Math.max(0, Math.floor(top / BLOCK) - 1);
      const to = Math.ceil((top + element.clientHeight) / BLOCK) + 1;
      setBlocks((now) => (now.from === from && now.to === to ? now : { from, to }));
    };
    look();
    element.addEventListener('scroll', look, { passive: true });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      element.removeEventListener('scroll', look);
      observer.disconnect();
    };
  }, [box, above]);
  const rowAt = (block: number) => Math.min(count, Math.max(0, Math.floor((block * BLOCK) / rowHeight)));
  return { first: rowAt(blocks.from), last: Math.max(rowAt(blocks.to), Math.min(count, 1)) };
}
