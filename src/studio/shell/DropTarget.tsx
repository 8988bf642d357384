import { useEffect, useState } from 'react';
import { dataFileNoun, listedDataExtensions } from '../../engine/page/light';
import { filesOf } from '../files';
import { sentence } from '../state/jobs';
import './notices.css';
import { useStudio } from '../store';

// Mantine's full-screen dropzone takes a drop on its own overlay only, which is there after a drag has begun; a
// listener on the window takes files wherever and however they arrive.
/** The whole page takes files and folders, several at once. */
export function DropTarget() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onDragOver = (event: DragEvent) => {
      // Text may be dropped into a field. Elsewhere a link would take the browser to its address, and close the page.
      if (!holdsFiles(event) && isField(event.target)) return;
      event.preventDefault();
      if (holdsFiles(event)) setOver(true);
    };
    const onDragLeave = (event: DragEvent) => {
      // Leaving the page has no element to arrive at; leaving one for its neighbour has.
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
  // Read before anything is awaited: the browser forgets what was dropped.
  const types = [...dataTransfer.types];
  const reading = filesOf(dataTransfer);
  try {
    const files = await reading;
    if (files.length > 0) await openDropped(files);
    else notify('error', whatWasDropped(types));
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
