import { UserError } from '../core/errors';
import type { InputSpec, Shapes } from './dataset';
import { batchDimension, withNames } from './generate';
import { namesIn, substitute } from './openSizes';

/** Reads "input=1,512" (a scalar: "input="). Throws a UserError where it is not written so. */
export function parseShape(text: string): [name: string, dims: number[]] {
  const at = text.lastIndexOf('=');
  const sizes = text.slice(at + 1).split(/[,×x]/);
  const dims = text.endsWith('=') ? [] : sizes.map((size) => (/^\s*\d+\s*$/.test(size) ? Number(size) : Number.NaN));
  if (at < 1 || dims.some(Number.isNaN))
    throw new UserError(`"${text}" is no shape: write the input's name and its sizes, as in input_ids=1,512.`);
  return [text.slice(0, at), dims];
}

/**
 * The inputs with these shapes in place of open dimensions. A size given for a named dimension holds for all inputs
 * with that name. Throws a UserError for a name that no input has, another number of dimensions, or a size that the
 * model rules out.
 */
export function withShapes(inputs: readonly InputSpec[], shapes: Shapes): InputSpec[] {
  const named = inputs.map(withNames);
  const sizes = new Map<string, number>();
  for (const [name, dims] of Object.entries(shapes)) {
    const input = named.find((one) => one.name === name);
    if (!input) {
      const names = named.map((one) => one.name).join(', ');
      throw new UserError(
        `The model has no input "${name}" to give a shape to: ${names ? `it has ${names}` : 'it has none'}.`,
      );
    }
    if (input.unranked) continue;
    if (dims.length !== input.shape.length) {
      const has = input.shape.length === 0 ? 'is a single number' : `has ${counted(input.shape.length)}`;
      throw new UserError(
        `Input "${name}" ${has}, ${declared(input)}, but the shape given for it has ${counted(dims.length)}.`,
      );
    }
    // A cache may be empty along its first axis as well; nothing else runs on no samples.
    if (dims[0] === 0 && typeof input.shape[0] === 'string' && !/past/i.test(input.shape[0]))
      throw new UserError(
        `Input "${name}" cannot have the shape [${dims.join(', ')}]: its first size is the number of samples, 1 at least.`,
      );
    for (const [axis, size] of input.shape.entries()) {
      const given = dims[axis]!;
      if (typeof size === 'number' ? size !== given : (sizes.get(size) ?? given) !== given)
        throw new UserError(
          `Input "${name}" takes ${declared(input)}: dimension ${axis} is ${typeof size === 'number' ? size : `${sizes.get(size)} elsewhere`}, not ${given}.`,
        );
      if (typeof size === 'string' && namesIn(size)[0] === size) sizes.set(size, given);
    }
  }
  return named.map(({ unranked, ...input }) => {
    // An input may be called like what every object has.
    const given = Object.hasOwn(shapes, input.name) && shapes[input.name];
    if (given) return { ...input, shape: given };
    const shape = input.shape.map((size) => substitute(size, sizes));
    return { ...input, shape, ...(unranked && { unranked }) };
  });
}

/** The shapes with `batch` samples where one was given, along dimensions that the model leaves open for samples. */
export function withBatch(inputs: readonly InputSpec[], shapes: Shapes, batch: number): Shapes {
  const named = inputs.map(withNames);
  const samples = batchDimension(named);
  const resized = ([name, dims]: [string, readonly number[]]) => {
    const shape = named.find((one) => one.name === name)?.shape ?? [];
    return [
      name,
      dims.map((size, axis) => (size === 1 && isOpen(shape[axis]) && shape[axis] === samples ? batch : size)),
    ];
  };
  return Object.fromEntries(Object.entries(shapes).map(resized));
}

const isOpen = (size: number | string | undefined): boolean => typeof size === 'string';

const declared = ({ shape }: InputSpec): string => `[${shape.join(', ')}]`;
const counted = (count: number): string => (count === 1 ? '1 dimension' : `${count} dimensions`);
