import { useEffect, useState } from 'react';
import { dataFileNoun, listedDataExtensions } from '../../engine/page/light';
import { filesOf } from '../files';
import { sentence } from '../state/jobs';
import './notices.css';
import { useStudio } from '../store';

// Mantine's full-screen dropzone accepts drops only on its overlay, which appears after a drag has begun. A listener on
// the window accepts files everywhere.
/** Accepts files and folders dropped anywhere on the page, also several at once. */
export function DropTarget() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onDragOver = (event: DragEvent) => {
      // Text may be dropped into a field. A link dropped anywhere else would open its address and close the page.
      if (!holdsFiles(event) && isField(event.target)) return;
      event.preventDefault();
      if (holdsFiles(event)) setOver(true);
    };
    const onDragLeave = (event: DragEvent) => {
      // When the drag leaves the page, no element is entered next. When it moves to a neighbour, one is.
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      setOver(false);
      if (!holdsFiles(event) && isField(event.target)) return;
      event.preventDefault();
      void open(event);
    };
    window.addEventListener('dragover', onDragOver);
    window.addEventListener('dragleave', onDragLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onDragOver);
      window.removeEventListener('dragleave', onDragLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, []);
  return over ? (
    <div className="drop-overlay" aria-hidden="true">
      <div className="drop-box">
        <strong>Drop to open</strong>
        <span>.onnx with its data files, or their folder · data {listedDataExtensions()} · recipe .json</span>
      </div>
    </div>
  ) : null;
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, textarea, [contenteditable]');

async function open({ dataTransfer }: DragEvent): Promise<void> {
  const { notify, openDropped } = useStudio.getState();
  if (!dataTransfer) return;
  // Read this before the first await: after it, the browser has discarded what was dropped.
  const types = [...dataTransfer.types];
  const reading = filesOf(dataTransfer);
  try {
    await openDropped(reading);
    if ((await reading).length === 0) notify('error', whatWasDropped(types));
  } catch (error) {
    notify('error', sentence(error));
  }
}

function whatWasDropped(types: readonly string[]): string {
  if (types.includes('text/uri-list')) return 'A link was dropped, not a file: download the file, and drop that.';
  if (types.includes('Files'))
    return 'What was dropped holds no files: drop an .onnx file, or the folder that it is in.';
  return `Text was dropped, not a file: drop an .onnx file, ${dataFileNoun()} with data, or a recipe as .json.`;
}
