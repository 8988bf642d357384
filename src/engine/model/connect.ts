import { TensorProto_DataLocation as DataLocation, type TensorProto } from 'onnx-buf';
import type { ByteSource } from '../core/bytes';
import { UserError } from '../core/errors';
import { formatOfSource } from '../formats/formats';
import { fileNameOf, whyOutside } from './externalLocation';
import { DataType } from './onnx/build';
import { SELF, type Structure } from './onnx/structure';
import { bytesOf, dimsOf, elementsOf, externalEntry, externalOf, inlineBytesCount, isKnownType } from './tensors';

/** Finds the data file that a model calls `location`; 'outside' where a link leads out of the model's folder. */
export type FindFile = (location: string) => ByteSource | 'outside' | undefined;

/** Looks among files that were opened together, by file name: the folders that a model names are those of its maker. */
export const among =
  (files: readonly ByteSource[]): FindFile =>
  (location) => {
    const named = files.filter(({ name }) => name === fileNameOf(location));
    if (named.length > 1) {
      throw new UserError(
        `${named.length} of the files are called ${named[0]!.name}, and which one holds the data at "${location}" is not known: open the model with the right one alone.`,
      );
    }
    return named[0];
  };

/**
 * Checks the tensors of a model that was read from `file`, and finds the sources of those whose data lie in other
 * files. Throws a UserError that names the tensor whose shape, type or data can't be what was written.
 */
export async function connect(
  tensors: Iterable<TensorProto>,
  file: ByteSource,
  structure: Structure,
  find: FindFile,
): Promise<Map<string, ByteSource>> {
  const sources = new Map([[SELF, file], ...structure.joined]);
  for (const tensor of tensors) {
    const fault = faultOf(tensor);
    if (fault !== undefined)
      throw new UserError(`${file.name} is damaged: tensor "${tensor.name}" ${fault}; copy or download it again.`);
    if (tensor.dataLocation !== DataLocation.EXTERNAL) continue;
    const { location, offset, length } = externalOf(tensor)!;
    if (!isMovedOut(tensor, structure)) {
      const outside = location.startsWith('carrara:') ? 'is no name of a file' : whyOutside(location);
      if (outside !== undefined) throw refused(file, tensor, location, outside);
      if (!sources.has(location)) sources.set(location, found(find(location), file, tensor, location));
    }
    const source = sources.get(location)!;
    if (offset + length > source.size) {
      const format = await formatOfSource(source);
      throw new UserError(
        format?.gives === 'nothing' && format.forAny
          ? `${source.name}, which holds tensor "${tensor.name}", is ${format.what}: ${format.instead}.`
          : `${source.name} is too short: tensor "${tensor.name}" needs bytes ${offset} to ${offset + length}, the file has ${source.size}.`,
      );
    }
  }
  return sources;
}

/** Whether the entry is one that reading put there, rather than what a file says of itself. */
function isMovedOut(tensor: TensorProto, { spans, joined }: Structure): boolean {
  const { location, offset, length } = externalOf(tensor)!;
  return location === SELF ? spans.get(offset) === length : joined.has(location);
}

function found(source: ReturnType<FindFile>, file: ByteSource, tensor: TensorProto, location: string): ByteSource {
  if (source === 'outside')
    throw refused(file, tensor, location, 'is a link that leads out of the folder of the model');
  if (source) return source;
  throw new UserError(
    `${file.name} keeps weights in ${fileNameOf(location)}, which is missing: open both files together (tensor "${tensor.name}").`,
  );
}

const refused = (file: ByteSource, { name }: TensorProto, location: string, why: string): UserError =>
  new UserError(
    `${file.name} is not opened: tensor "${name}" keeps its data at ${JSON.stringify(location)}, which ${why}; put the data file beside the model and save the model with that file's name alone.`,
  );

/** What is wrong with a tensor as it is declared, as the end of a sentence. */
function faultOf(tensor: TensorProto): string | undefined {
  const dims = dimsOf(tensor);
  if (dims.some((size) => size < 0)) return `has the shape [${dims.join(', ')}], but no size can be negative`;
  if (!Number.isSafeInteger(8 * elementsOf(tensor)))
    return `has the shape [${dims.join(', ')}], which is more than a file can hold`;
  if (!isKnownType(tensor.dataType)) return `has elements of type ${tensor.dataType}, which ONNX does not have`;
  if (tensor.dataLocation === DataLocation.EXTERNAL) return faultOutside(tensor);
  if (tensor.dataType === DataType.STRING) {
    const strings = tensor.stringData.length;
    return strings === elementsOf(tensor)
      ? undefined
      : `has ${strings} strings where its shape needs ${elementsOf(tensor)}`;
  }
  return lengthFault(tensor, inlineBytesCount(tensor));
}

function faultOutside(tensor: TensorProto): string | undefined {
  if (tensor.dataType === DataType.STRING) return 'holds text, but its data are bytes';
  for (const key of ['offset', 'length'] as const) {
    const said = externalEntry(tensor, key);
    if (said !== undefined && !(/^\d+$/.test(said) && Number.isSafeInteger(Number(said))))
      return `says that its data have the ${key} ${JSON.stringify(said)}, which is no number of bytes`;
  }
  return lengthFault(tensor, externalOf(tensor)!.length);
}

const lengthFault = (tensor: TensorProto, length: number): string | undefined =>
  length === bytesOf(tensor) ? undefined : `has ${length} bytes where its shape needs ${bytesOf(tensor)}`;
