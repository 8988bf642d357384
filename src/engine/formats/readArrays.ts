import { UserError } from '../core/errors';
import type { DataFormat, NamedArrays } from './format';
import { dataFormats, either, formatNamed, formatOf } from './formats';
import { sampleOfBytes } from './sample';

/**
 * Reads a file with data, in whichever format of the list it is. `name` is the name of the file. Throws a UserError
 * that says what the file is where it holds no data, and what is wrong with it where it is damaged.
 */
export async function readArrays(bytes: Uint8Array, name: string): Promise<NamedArrays> {
  const named = formatNamed(name);
  const { make, explained } = named?.gives === 'data' ? named : anyData();
  if (bytes.length === 0) throw new UserError(`${name} is empty: ${make}.`);
  const found = formatOf(sampleOfBytes(bytes, name));
  const format = found ?? named;
  if (format?.gives === 'data') return (await format.open())(bytes, name);
  if (!found) throw new UserError(`${name} is not ${explained}: ${make}.`);
  const instead = found.gives === 'nothing' && found.forAny ? found.instead : make;
  throw new UserError(`${name} is ${found.what}, not ${explained}: ${instead}.`);
}

/** What is asked for where the file's name does not say which format it was meant to have. */
function anyData(): Pick<DataFormat, 'make' | 'explained'> {
  const formats = dataFormats();
  return {
    make: either(formats.map(({ make }) => make)),
    explained: either(formats.map(({ explained }) => explained)),
  };
}
