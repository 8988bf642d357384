import { useEffect } from 'react';
import { MODEL_FILES, pick } from '../files';
import { useStudio } from '../store';

/** Ctrl/Cmd+O opens, Esc cancels what runs. Esc that closes a menu or a dialogue cancels nothing. */
export function useShortcuts(): void {
  useEffect(() => {
    const onKeyDown = async (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === 'o' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        await useStudio.getState().openFiles(await pick(MODEL_FILES));
      }
      const open = document.querySelector('[role="menu"], [role="dialog"], [role="listbox"][data-composed]');
      if (event.key === 'Escape' && !event.defaultPrevented && !open) await useStudio.getState().cancel();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}
