import { blobSource, dataExtensions, formatNamed, readableFormatOf, sampleOf } from '../engine/page/light';

/** A file that was dropped or picked, and the folder that it lay in where a whole folder was dropped. */
export interface Dropped {
  readonly file: File;
  /** "checkpoint/onnx"; '' for a file that was dropped itself. */
  readonly folder: string;
}

/** Files that were dropped or picked together, by what they are for. */
export interface Classified {
  readonly models: readonly Dropped[];
  /** What a model may keep its weights in; without a model, what nothing is known of. */
  readonly others: readonly Dropped[];
  /** Samples to evaluate or calibrate on. */
  readonly data: readonly File[];
  readonly recipes: readonly File[];
}

export const dropped = (file: File): Dropped => ({ file, folder: '' });

/**
 * Sorts files by their format: by their bytes, else by their names. A file of no known format goes to the model reader,
 * which says what it is. Beside a model, a file whose name says nothing may be external data, so its bytes are not
 * looked at. Models come with many files of JSON, so in a folder only the bytes tell a recipe.
 */
export async function classifyFiles(files: readonly Dropped[]): Promise<Classified> {
  const models: Dropped[] = [];
  const others: Dropped[] = [];
  const data: File[] = [];
  const recipes: File[] = [];
  const hasModel = files.some(({ file }) => formatNamed(file.name)?.gives === 'model');
  for (const one of files) {
    const { file, folder } = one;
    if (hasModel && !formatNamed(file.name)) {
      others.push(one);
      continue;
    }
    const sample = await sampleOf(blobSource(file, file.name));
    const format = readableFormatOf(sample);
    if (!format) others.push(one);
    else if (format.gives === 'model') models.push(one);
    else if (format.gives === 'data') data.push(file);
    else if (folder === '' || format.matches(sample)) recipes.push(file);
  }
  return { models, others, data, recipes };
}

/** More files than a model comes with: a home directory was dropped. */
const MOST_FILES = 5000;

/**
 * All files of a drop, those of dropped folders and of the folders in them too; hidden files and folders are left. Must
 * be called while the drop event is handled, since the browser forgets its entries afterwards. Throws where there are
 * more than 5,000.
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

/** What the file pickers offer. External data may have any name, so the model's picker offers everything. */
export const MODEL_FILES = '';
export const DATA_FILES = dataExtensions().join(',');

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
