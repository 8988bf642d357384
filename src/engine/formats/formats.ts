import type { ByteSource } from '../core/bytes';
import type { DataFormat, Format, OtherFormat } from './format';
import { FORMATS } from './list';
import { type FileSample, sampleOf } from './sample';

type Readable = Exclude<Format, OtherFormat>;

/** The format of a file by its bytes; undefined where no format matches. */
export const formatOf = (file: FileSample): Format | undefined => FORMATS.find((format) => format.matches(file));

export const formatOfSource = async (source: ByteSource): Promise<Format | undefined> =>
  formatOf(await sampleOf(source));

/** The format that a file's name announces; undefined where the name says nothing. */
export function formatNamed(name: string): Readable | undefined {
  const lower = name.toLowerCase();
  return FORMATS.find(
    (format): format is Readable =>
      format.gives !== 'nothing' && format.extensions.some((extension) => lower.endsWith(extension)),
  );
}

/**
 * The format to open a file with: that of its bytes where something here reads it, else the one that its name
 * announces.
 */
export function readableFormatOf(file: FileSample): Readable | undefined {
  const format = formatOf(file);
  return format && format.gives !== 'nothing' ? format : formatNamed(file.name);
}

export const dataFormats = (): DataFormat[] => FORMATS.filter((format) => format.gives === 'data');

/** The extensions of files with data: [".npz"]. */
export const dataExtensions = (): string[] => dataFormats().flatMap(({ extensions }) => extensions);

/** ".npz", or ".npz, .csv" where there are several. */
export const listedDataExtensions = (): string => dataExtensions().join(', ');

/** "an .npz", or "an .npz or a .csv" where there are several. */
export const dataFileNoun = (): string => either(dataFormats().map(({ noun }) => noun));

/** "a, b or c". */
export const either = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
