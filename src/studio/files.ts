/** Files that were dropped or picked together, by what they are for. */
export interface Routed {
  /** An `.onnx` with its external data. */
  readonly model: readonly File[];
  /** `.npz` archives. */
  readonly data: readonly File[];
  readonly recipes: readonly File[];
}

/**
 * Routes by extension and, where that says nothing, by content: a zip archive is data, a text that begins with a brace
 * a recipe. All else goes to the model reader, whose refusal names the file: weights come under any name.
 */
export async function route(files: readonly File[]): Promise<Routed> {
  const model: File[] = [];
  const data: File[] = [];
  const recipes: File[] = [];
  const others: File[] = [];
  for (const file of files) {
    const name = file.name.toLowerCase();
    if (name.endsWith('.npz')) data.push(file);
    else if (name.endsWith('.json')) recipes.push(file);
    else if (name.endsWith('.onnx')) model.push(file);
    else others.push(file);
  }
  for (const file of others) {
    const head = new Uint8Array(await file.slice(0, 64).arrayBuffer());
    // Beside a model every stranger is external data, whose first bytes may be anything.
    if (model.length > 0) model.push(file);
    else if (head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4) data.push(file);
    else if (/^\s*\{/.test(new TextDecoder().decode(head))) recipes.push(file);
    else model.push(file);
  }
  return { model, data, recipes };
}

/** What the pickers offer. External data comes under any name, so the model's picker offers everything. */
export const MODEL_FILES = '';
export const DATA_FILES = '.npz';

/** Opens the browser's file picker. Resolves to nothing when the user picks none. */
export function pick(accept: string): Promise<readonly File[]> {
  return new Promise((resolve) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = accept;
    input.multiple = true;
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.oncancel = () => resolve([]);
    input.click();
  });
}

/** Hands a file to the user's download folder. */
export function save(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download reads the address after the click returns.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
