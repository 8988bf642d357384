import { zipSync } from 'fflate';
import { UserError } from '../../core/errors';
import type { HostTensor } from '../../runtime';
import { endsOf, otherFormat } from '../otherFormats';
import { readZip } from '../zip/zip';
import { readNpy, writeNpy } from './npy';

/**
 * Reads an .npz: a zip of .npy files, stored or deflated. Returns the arrays by their names, without the ".npy".
 * `name` is the file's and stands in the errors. Throws a UserError for what is no zip, is cut short or damaged, or holds
 * a name twice or anything but arrays of numbers.
 */
export function readNpz(bytes: Uint8Array, name: string): Map<string, HostTensor> {
  if (bytes.length === 0) throw new UserError(`${name} is empty; save it again with numpy.savez.`);
  const other = otherFormat(...endsOf(bytes));
  if (other && other.kind !== 'npz' && other.kind !== 'zip') {
    const remedy = other.forAny ? other.remedy : 'save the arrays with numpy.savez';
    throw new UserError(`${name} is ${other.what}, not an .npz file (a zip of NumPy arrays): ${remedy}.`);
  }
  if (!other) throw new UserError(`${name} is not an .npz file (a zip of NumPy arrays); save it with numpy.savez.`);
  const arrays = new Map<string, HostTensor>();
  for (const [entry, content] of readZip(bytes, name)) {
    if (!entry.endsWith('.npy')) {
      throw new UserError(`${name} holds "${entry}", which is not an array; save it with numpy.savez.`);
    }
    const array = entry.slice(0, -'.npy'.length);
    arrays.set(array, readNpy(content, `Array "${array}" in ${name}`));
  }
  if (arrays.size === 0) throw new UserError(`${name} holds no arrays; save some with numpy.savez.`);
  return arrays;
}

/** Writes arrays as a deflated .npz that `numpy.load` reads. The same arrays give the same bytes. */
export function writeNpz(arrays: Iterable<readonly [name: string, array: HostTensor]>): Uint8Array<ArrayBuffer> {
  const entries = Object.fromEntries([...arrays].map(([name, array]) => [`${name}.npy`, writeNpy(array)]));
  // A zip entry has a date in local time; without a fixed one the bytes would change from run to run.
  return zipSync(entries, { level: 6, mtime: new Date(1980, 0, 1) });
}
