import { useEffect } from 'react';
import { MODEL_FILES, pick } from '../files';
import { useStudio } from '../store';

/**
 * Ctrl/Cmd+O opens, Ctrl/Cmd+Z and Ctrl/Cmd+Shift+Z (or Ctrl+Y) undo and redo, Esc cancels the running job. Esc that
 * closes a menu or a dialogue does not cancel the job.
 */
export function useShortcuts(): void {
  useEffect(() => {
    const onKeyDown = async (event: KeyboardEvent) => {
      const key = event.key.toLowerCase();
      const chord = (event.ctrlKey || event.metaKey) && !event.altKey;
      if (chord && key === 'o' && !event.shiftKey) {
        event.preventDefault();
        await useStudio.getState().openFiles(await pick(MODEL_FILES));
      }
      if (chord && (key === 'z' || (key === 'y' && !event.shiftKey))) takeBack(event, key === 'y' || event.shiftKey);
      const open = document.querySelector('[role="menu"], [role="dialog"], [role="listbox"][data-composed]');
      if (event.key === 'Escape' && !event.defaultPrevented && !open) useStudio.getState().cancel();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}

/** False in a text field, where the browser undoes what was typed, and while a dialogue asks a question. */
function takeBack(event: KeyboardEvent, again: boolean): void {
  if (isText(event.target) || document.querySelector('[role="dialog"]')) return;
  const { past, future, undo, redo } = useStudio.getState();
  if ((again ? future : past).length === 0) return;
  event.preventDefault();
  if (again) redo();
  else undo();
}

const isText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.matches('textarea, input:not([type="checkbox"], [type="radio"], [type="range"], [type="button"])'));
