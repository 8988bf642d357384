import { UserError } from '../core/errors';
import type { NamedArrays } from '../formats/format';
import type { HostTensor } from '../runtime';
import { checkConvertible, checkFeedable, toNumbers } from './convert';
import { type Dataset, type Field, fixedBatch, IGNORED, type InputSpec, type Labels } from './dataset';

/**
 * Matches the arrays of a file with a model's inputs, by name. An array has the input's shape, with samples along axis
 * 0. An array with one axis more holds a whole input for each sample. `labels` are [n] class ids or [n, t…] per
 * position. Other arrays are ignored. Throws a UserError that says what was expected and what was found.
 */
export function openDataset(arrays: NamedArrays, inputs: readonly InputSpec[], name: string): Dataset {
  const missing = inputs.filter((input) => !arrays.has(input.name));
  if (missing.length > 0) {
    const found = [...arrays].map(([array, tensor]) => `"${array}" ${tensor.type} ${list(tensor.dims)}`).join(', ');
    throw new UserError(
      `${name} must hold ${missing.length > 1 ? 'arrays' : 'an array'} named like the model's inputs, ${missing.map(describe).join(', ')}; it holds ${found}.`,
    );
  }
  const fields = inputs.map((input) => openField(input, arrays.get(input.name)!, name));
  const samples = fields[0]?.array.dims[0] ?? 0;
  const odd = fields.find(({ array }) => array.dims[0] !== samples);
  if (odd) {
    throw new UserError(
      `${name} has ${samples} samples in "${fields[0].input.name}" but ${odd.array.dims[0]} in "${odd.input.name}": all arrays need the same number along their first axis.`,
    );
  }
  if (samples === 0)
    throw new UserError(`${name} holds no samples: its arrays need at least one along the first axis.`);
  const labels = inputs.some((input) => input.name === 'labels') ? undefined : arrays.get('labels');
  const dataset = {
    name,
    samples,
    generated: false,
    fields,
    ...(labels && { labels: openLabels(labels, fields, samples, name) }),
  };
  fixedBatch(dataset);
  return dataset;
}

function openField(input: InputSpec, array: HostTensor, name: string): Field {
  checkFeedable(input);
  const { shape } = input;
  if (input.unranked && array.dims.length > 0) return { input, array, stacked: false };
  const stacked = array.dims.length === shape.length + 1;
  const perSample = stacked ? shape : shape.slice(1);
  const fits =
    (stacked || (array.dims.length === shape.length && shape.length > 0)) &&
    perSample.every((size, axis) => typeof size === 'string' || size === array.dims[axis + 1]);
  if (!fits) {
    const wanted = ['samples', ...(shape.length > 0 ? shape.slice(1) : [])];
    throw new UserError(
      `Array "${input.name}" in ${name} has shape ${list(array.dims)}, but the model needs ${list(wanted)}.`,
    );
  }
  checkConvertible(array, input.type, `Array "${input.name}" in ${name}`);
  return { input, array, stacked };
}

function openLabels(array: HostTensor, fields: readonly Field[], samples: number, name: string): Labels {
  if (array.dims.length === 0 || array.dims[0] !== samples) {
    throw new UserError(
      `Array "labels" in ${name} has shape ${list(array.dims)}, but ${samples} samples need [${samples}] class ids or [${samples}, positions].`,
    );
  }
  checkConvertible(array, 'int32', `Array "labels" in ${name}`);
  const ids = Int32Array.from(toNumbers(array));
  const bad = ids.findIndex((id) => id < 0 && id !== IGNORED);
  if (bad >= 0) {
    throw new UserError(
      `Array "labels" in ${name} holds ${ids[bad]} at element ${bad}: class ids start at 0, and ${IGNORED} marks what does not count.`,
    );
  }
  if (array.dims.length === 1) return { kind: 'class', perSample: 1, ids };
  return {
    kind: 'position',
    perSample: ids.length / samples,
    ids,
    isNextToken: areNextTokens(ids, array.dims, fields),
  };
}

/** Whether the labels [n, t] are the tokens of an input, each one position earlier. */
function areNextTokens(ids: Int32Array, dims: readonly number[], fields: readonly Field[]): boolean {
  const tokens = dims.at(-1)!;
  return fields.some(({ array }) => {
    if (!/int/.test(array.type) || array.dims.length !== 2 || array.dims.join() !== dims.join()) return false;
    const given = toNumbers(array);
    let compared = 0;
    for (let i = 0; i + 1 < ids.length; i++) {
      if ((i + 1) % tokens === 0 || ids[i] === IGNORED) continue;
      if (ids[i] !== given[i + 1]) return false;
      compared++;
    }
    return compared > 0;
  });
}

const list = (dims: readonly (number | string)[]): string =>
  `[${dims.map((size) => (size === '' ? '?' : size)).join(', ')}]`;

const describe = ({ name, type, shape }: InputSpec): string =>
  `"${name}" ${type} ${list(['samples', ...shape.slice(1)])}`;
