import { zipSync } from 'fflate';
import { UserError } from '../../core/errors';
import type { HostTensor } from '../../runtime';
import type { NamedArrays } from '../format';
import { isZip } from '../signatures';
import { readZip } from '../zip/zip';
import { readNpy, writeNpy } from './npy';

/**
 * Reads an .npz: a zip of .npy files, stored or deflated. Returns the arrays by their names, without the ".npy". `name`
 * is the name of the file and appears in errors. Throws a UserError for a file that is no zip archive, is cut short or
 * damaged, holds a name twice, or holds anything but arrays of numbers.
 */
export function readNpz(bytes: Uint8Array, name: string): NamedArrays {
  if (!isZip({ head: bytes }))
    throw new UserError(`${name} is not an .npz file (a zip of NumPy arrays): save the arrays with numpy.savez.`);
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
