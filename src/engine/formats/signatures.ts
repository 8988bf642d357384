import type { FileSample } from './sample';

/** Tests of how a file begins. */

export const startsWith =
  (...bytes: readonly number[]) =>
  ({ head }: Pick<FileSample, 'head'>): boolean =>
    bytes.every((byte, i) => head[i] === byte);

export const says =
  (pattern: RegExp) =>
  ({ text }: FileSample): boolean =>
    pattern.test(text);

/** A flatbuffer names its kind in the second four bytes. */
export const flatbuffer =
  (kind: string) =>
  ({ text }: FileSample): boolean =>
    text.slice(4, 8) === kind;

const [isFullZip, isEmptyZip] = [startsWith(0x50, 0x4b, 3, 4), startsWith(0x50, 0x4b, 5, 6)];

export const isZip = (file: Pick<FileSample, 'head'>): boolean => isFullZip(file) || isEmptyZip(file);

/** A zip archive with an entry of this name. Names stand before each entry and in the list at the end. */
export const zipOf =
  (pattern: RegExp) =>
  (file: FileSample): boolean =>
    isZip(file) && (pattern.test(file.tail) || pattern.test(file.text));
