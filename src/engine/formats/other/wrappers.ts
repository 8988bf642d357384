import type { OtherFormat } from '../format';
import { isZip, says, startsWith } from '../signatures';

type Row = Pick<OtherFormat, 'what' | 'instead' | 'matches'>;

const ROWS: readonly Row[] = [
  {
    matches: says(/^version https:\/\/git-lfs/),
    what: 'a Git LFS pointer, which stands for the file',
    instead: 'run "git lfs pull" in its folder, or download the file itself',
  },
  {
    matches: says(/^(\xef\xbb\xbf)?\s*<(!doctype html|html)/i),
    what: 'a web page',
    instead: 'download the file itself, not the page that shows it or asks to log in',
  },
  { matches: startsWith(0x1f, 0x8b), what: 'a gzip archive', instead: 'unpack it with gunzip first' },
  { matches: startsWith(0x28, 0xb5, 0x2f, 0xfd), what: 'a zstd archive', instead: 'unpack it with unzstd first' },
  { matches: startsWith(0xfd, 0x37, 0x7a, 0x58, 0x5a), what: 'an xz archive', instead: 'unpack it with unxz first' },
  { matches: says(/^BZh\d/), what: 'a bzip2 archive', instead: 'unpack it with bunzip2 first' },
  { matches: startsWith(0x37, 0x7a, 0xbc, 0xaf), what: 'a 7z archive', instead: 'unpack it first' },
  { matches: says(/^Rar!/), what: 'a RAR archive', instead: 'unpack it first' },
  { matches: ({ text }) => text.slice(257, 262) === 'ustar', what: 'a tar archive', instead: 'unpack it first' },
];

/** Files that stand for another one, or hold it packed. */
export const WRAPPERS: readonly OtherFormat[] = ROWS.map((row) => ({ gives: 'nothing', forAny: true, ...row }));

/** A zip archive that is nothing more special. */
export const zipArchive: OtherFormat = {
  gives: 'nothing',
  what: 'a zip archive',
  instead: 'unpack it and open the .onnx file in it',
  matches: isZip,
};
