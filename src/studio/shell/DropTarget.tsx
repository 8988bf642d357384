import { useEffect, useState } from 'react';
import './notices.css';
import { useStudio } from '../store';

// Mantine's full-screen dropzone takes a drop on its own overlay only, which is there after a drag has begun; a
// listener on the window takes files wherever and however they arrive.
/** The whole page takes files, several at once. */
export function DropTarget() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onDragOver = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onDragLeave = (event: DragEvent) => {
      // Leaving the page has no element to arrive at; leaving one for its neighbour has.
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      setOver(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      void useStudio.getState().openFiles([...(event.dataTransfer?.files ?? [])]);
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
        <span>.onnx with its data files · .npz · recipe .json</span>
      </div>
    </div>
  ) : null;
}
