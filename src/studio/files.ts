/** A file that was dropped or picked, and the folder that it lay in where a whole folder was dropped. */
export interface Dropped {
  readonly file: File;
  /** "checkpoint/onnx"; '' for a file that was dropped itself. */
  readonly folder: string;
}

/** Files that were dropped or picked together, by what they are for. */
export interface Routed {
  readonly models: readonly Dropped[];
  /** What a model may keep its weights in; without a model, what nothing is known of. */
  readonly others: readonly Dropped[];
  /** `.npz` archives. */
  readonly data: readonly File[];
  readonly recipes: readonly File[];
}

export const dropped = (file: File): Dropped => ({ file, folder: '' });

/** As far as a zip archive's first names, and its list of them, are looked for. */
const LOOK = 1 << 16;

/**
 * Routes by extension and, where that says nothing, by content: a zip archive of arrays is data, a text that begins with
 * a brace a recipe. All else goes to the model reader, which names what it is by its bytes: weights come under any name.
 * In a folder, JSON is a recipe only where it has the keys of one: models come with many other files of JSON.
 */
export async function route(files: readonly Dropped[]): Promise<Routed> {
  const models: Dropped[] = [];
  const data: File[] = [];
  const recipes: File[] = [];
  const strangers: Dropped[] = [];
  for (const one of files) {
    const name = one.file.name.toLowerCase();
    if (name.endsWith('.npz')) data.push(one.file);
    else if (name.endsWith('.onnx')) models.push(one);
    else if (name.endsWith('.json')) {
      if (one.folder === '' || (await isRecipe(one.file))) recipes.push(one.file);
    } else strangers.push(one);
  }
  // Beside a model every stranger may be external data, whose first bytes may be anything.
  if (models.length > 0) return { models, others: strangers, data, recipes };
  const others: Dropped[] = [];
  for (const one of strangers) {
    const { file } = one;
    const [head, tail] = await Promise.all([bytesOf(file, 0, LOOK), bytesOf(file, file.size - LOOK, file.size)]);
    const isZip = head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
    if (isZip && (hasName(head, '.npy') || hasName(tail, '.npy'))) data.push(file);
    else if (one.folder === '' && /^\s*\{/.test(new TextDecoder().decode(head.subarray(0, 64)))) recipes.push(file);
    else others.push(one);
  }
  return { models, others, data, recipes };
}

const bytesOf = async (file: File, from: number, to: number): Promise<Uint8Array> =>
  new Uint8Array(await file.slice(Math.max(0, from), to).arrayBuffer());

const hasName = (bytes: Uint8Array, name: string): boolean => new TextDecoder('latin1').decode(bytes).includes(name);

/** A recipe is small, and has a list of steps. */
async function isRecipe(file: File): Promise<boolean> {
  if (file.size > 1 << 20) return false;
  try {
    const value: unknown = JSON.parse(await file.text());
    return typeof value === 'object' && value !== null && 'steps' in value && Array.isArray(value.steps);
  } catch {
    return false;
  }
}

/** More files than a model comes with: a home directory was dropped. */
const MOST_FILES = 5000;

/**
 * All files of a drop, those of dropped folders and of the folders in them too; hidden files and folders are left. Must be
 * called while the drop event is handled, since the browser forgets its entries afterwards. Throws where there are more
 * than 5,000.
 */
export function filesOf(transfer: DataTransfer): Promise<Dropped[]> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const given = items.map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  return collect(given);
}

async function collect(
  given: readonly { readonly entry: FileSystemEntry | null; readonly file: File | null }[],
): Promise<Dropped[]> {
  const found: Dropped[] = [];
  for (const { entry, file } of given) {
    if (entry?.isDirectory) await walk(entry as FileSystemDirectoryEntry, entry.name);
    else if (file) found.push(dropped(file));
  }
  return found;

  async function walk(directory: FileSystemDirectoryEntry, folder: string): Promise<void> {
    const reader = directory.createReader();
    // Each call gives some of the entries, the last one none.
    for (let entries = await read(reader); entries.length > 0; entries = await read(reader)) {
      for (const entry of entries) {
        if (entry.name.startsWith('.')) continue;
        if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, `${folder}/${entry.name}`);
        else found.push({ file: await fileOf(entry as FileSystemFileEntry), folder });
        if (found.length > MOST_FILES)
          throw new Error(
            `${folder.split('/')[0]} holds more than ${MOST_FILES.toLocaleString('en')} files: drop the folder of the model alone.`,
          );
      }
    }
  }
}

const read = (reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> =>
  new Promise((resolve, reject) => reader.readEntries(resolve, reject));

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

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
