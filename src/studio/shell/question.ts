import type { KeyboardEvent } from 'react';

/**
 * What the dialogues that ask something have in common; `decline` is what Escape and the cross answer. Escape is handled
 * here, so that the page's own Escape, which cancels what runs, does not hear it too. Nothing behind a dialogue scrolls,
 * so that no scroll lock, which would write a <style> element, is needed.
 */
export const question = (decline: () => void) => ({
  opened: true,
  onClose: decline,
  closeOnEscape: false,
  onKeyDown: (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    decline();
  },
  centered: true,
  lockScroll: false,
  styles: { title: { fontWeight: 650, fontSize: '1rem', overflowWrap: 'anywhere' } } as const,
});
