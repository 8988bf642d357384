import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { layersOf } from '../model/layers';
import { readModel } from '../model/model';
import { scopeOf } from '../model/scopes';
import { compress } from './compress';
import { previewStack } from './preview';
import { checkRecipe } from './schema';

const backend = createCpuBackend(nodeRuntime());
afterAll(() => backend.dispose());
const model = await readModel(memorySource(readFileSync('public/samples/fashion-mnist/model.onnx'), 'm.onnx'));
const layers = layersOf(scopeOf(model));
const layer = layers.find(({ name }) => name.includes('fc2'))!;
const factorisations = new Factorisations(backend);

const recipeOf = (steps: readonly { method: string; options: object }[]) =>
  checkRecipe({ version: 1, steps: steps.map((step) => ({ ...step, layers: layer.name })) });

describe('a preview', () => {
  const steps = [
    { method: 'svd', options: { size: 0.4 } },
    { method: 'half', options: {} },
    { method: 'half', options: {} },
  ];

  it('says of each step what compressing says', async () => {
    const recipe = recipeOf(steps);
    const preview = await previewStack(model, layer, recipe.steps, { factorisations });
    const { report } = await compress(model, recipe, { factorisations });
    expect(preview.steps).toEqual(report.layers[0]!.steps);
    expect(preview.steps[2]!.skipped).toBe('is stored as float16 already');
    expect(preview.pictures).toEqual([null, null, null]);
    // ‖W−Ŵ‖/‖W‖ once more, from the pictures: blocks of one size, but for roots in float32.
    const norm = (values: Float32Array) => Math.hypot(...values);
    const { before, difference } = preview.maps;
    expect(norm(difference!.values) / norm(before.values)).toBeCloseTo(preview.steps[2]!.error, 4);
  });

  it('has no difference where nothing was changed', async () => {
    const preview = await previewStack(model, layer, recipeOf([{ method: 'svd', options: { rank: 200 } }]).steps, {
      factorisations,
    });
    expect(preview.maps.difference).toBeUndefined();
    expect(preview.histogram.after).toEqual(preview.histogram.before);
    expect(preview.steps[0]!.skipped).toContain('would not get smaller');
  });

  it('cuts units of all layers that take part, and shows what is left', async () => {
    const [step] = recipeOf([{ method: 'prune-structured', options: { size: 0.5 } }]).steps;
    const preview = await previewStack(model, layer, [step!], { factorisations, peers: [layers.map(({ id }) => id)] });
    const [out] = layer.shape;
    expect(preview.steps[0]!.bytes).toBeLessThan(layer.bytes);
    expect(preview.maps.after.rows).toBeLessThan(out!);
    expect(preview.maps.difference).toBeUndefined();
  });

  it('shows the spectra of a train that stands alone, and none of factors', async () => {
    const train = { method: 'tensor-train', options: { sites: 2, size: 0.5 } };
    const alone = await previewStack(model, layer, recipeOf([train]).steps, { factorisations });
    const [picture] = alone.pictures;
    if (picture?.kind !== 'bonds') throw new Error('no spectra');
    expect(alone.steps[0]!.form).toContain(`tensorTrain ${picture.cuts[0]!.kept}`);
    // What the bond drops is what is lost: a train of two sites is a truncated SVD of the rearranged weight. 512 inputs are
    // padded to 513, and what it gets wrong there, less than 1/513 of it, is cropped.
    const { values, kept } = picture.cuts[0]!;
    const energy = (from: number) => values.subarray(from).reduce((sum, value) => sum + value * value, 0);
    expect(alone.steps[0]!.error).toBeCloseTo(Math.sqrt(energy(kept) / energy(0)), 2);
    const [svd] = steps;
    const factors = await previewStack(
      model,
      layer,
      recipeOf([svd!, { method: 'prune', options: { size: 0.2 } }]).steps,
      {
        factorisations,
      },
    );
    expect(factors.steps[1]!.skipped).toBeUndefined();
    expect(factors.pictures).toEqual([null, null]);
  });

  it('stops when it is cancelled', async () => {
    const signal = AbortSignal.abort();
    const trial = previewStack(model, layer, recipeOf(steps).steps, { factorisations, signal });
    await expect(trial).rejects.toMatchObject({ name: 'AbortError' });
  });
});
