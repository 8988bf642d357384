import { expect, it } from 'vitest';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { gaussian } from '../model/fixtures';
import { layersIn } from '../model/layers';
import { readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { checkRecipe } from '../recipe/schema';
import { selectLayers } from '../recipe/select';
import { describeAssignment, exactNames, recipeOf } from './assignment';
import { levelsFor } from './levels';

const [eight, four] = levelsFor(false);

/** A name with a star, one that another begins with, and a node without a name. */
const model = await readModel(
  memorySource(
    modelBytes({
      nodes: [
        node('MatMul', ['x', 'w*'], ['a'], {}, { name: 'block*' }),
        node('MatMul', ['a', 'w1'], ['b'], {}, { name: 'block1' }),
        node('MatMul', ['b', 'w2'], ['c']),
      ],
      inputs: [value('x', DataType.FLOAT, ['n', 32])],
      outputs: [value('c', DataType.FLOAT, ['n', 32])],
      initializers: ['w*', 'w1', 'w2'].map((name, i) => tensor(name, [32, 32], gaussian(seeded(i + 1), [32, 32]))),
    }),
    'model.onnx',
  ),
);
const { layers } = layersIn(model);

it('names layers so that each step selects its own layers and no others', () => {
  const names = exactNames(layers);
  const assignment = new Map(
    layers.filter(({ id }) => names.has(id)).map(({ id }, i) => [id, i % 2 === 0 ? eight! : four!]),
  );
  const recipe = checkRecipe(recipeOf(assignment, names));
  const selected = selectLayers(recipe, layers);
  const found = new Map(
    recipe.steps.flatMap(({ options }, i) => selected[i]!.map(({ id }) => [id, (options as { bits: number }).bits])),
  );
  expect(found).toEqual(new Map([...assignment].map(([id, { step }]) => [id, step.options.bits])));
  // "block*" and "w*" select others too.
  expect(assignment.size).toBe(2);
});

it('is told by shares of the weights', () => {
  const sizes = [
    { id: 'a', parameters: 700 },
    { id: 'b', parameters: 295 },
    { id: 'c', parameters: 5 },
  ];
  const told = describeAssignment(
    new Map([
      ['a', four!],
      ['c', eight!],
    ]),
    sizes,
  );
  expect(told).toBe('4 bits for 70 % of the weights, 30 % as they are, 8 bits for < 1 %');
  expect(describeAssignment(new Map(sizes.map(({ id }) => [id, eight!])), sizes)).toBe('8 bits for all layers');
});
