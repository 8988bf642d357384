import { MODEL_FILES, pick } from '../files';
import { formatBytes, formatCount } from '../format';
import { useStudio } from '../store';

/** What is open; a click opens another. */
export function ModelChip() {
  const model = useStudio((state) => state.model);
  const openFiles = useStudio((state) => state.openFiles);
  if (!model) return null;
  return (
    <button
      type="button"
      className="chip"
      title={`${model.name} · ${formatCount(model.parameters)} parameters · ${formatBytes(model.bytes)} · opset ${model.opset}${model.producer ? ` · ${model.producer}` : ''} · click to open another model (Ctrl+O)`}
      onClick={async () => void openFiles(await pick(MODEL_FILES))}
    >
      <strong>{model.name}</strong>
      <span className="chip-figures">
        {formatCount(model.parameters)} · {formatBytes(model.bytes)}
      </span>
    </button>
  );
}
