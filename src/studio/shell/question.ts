import type { KeyboardEvent } from 'react';

/**
 * Properties that all dialogues with a question share. `decline` runs on Escape and on the close button. Escape is
 * handled here so that it does not also reach the page, where it cancels the running job. Nothing behind a dialogue
 * scrolls, so no scroll lock is needed (it would write a <style> element).
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
