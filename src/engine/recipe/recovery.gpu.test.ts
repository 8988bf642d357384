import { afterEach, describe, expect, it } from 'vitest';
import { memorySource } from '../core/bytes';
import { seeded } from '../core/random';
import { createGpuBackend, type GpuBackend } from '../gpu/backend';
import { failingGpu } from '../gpu/failing.fixtures';
import { Factorisations } from '../methods/factorisations';
import { readModel } from '../model/model';
import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import { bytesOfFile } from '../model/write';
import { compress } from './compress';
import { checkRecipe } from './schema';

const SIZE = 48;
const layers = ['first', 'second', 'third', 'fourth'];

function chain() {
  const random = seeded(1);
  const weights = layers.map((name) =>
    tensor(
      name,
      [SIZE, SIZE],
      Float32Array.from({ length: SIZE * SIZE }, () => random.normal()),
    ),
  );
  return modelBytes({
    nodes: layers.map((name, i) => node('MatMul', [`x${i}`, name], [`x${i + 1}`], {}, { name })),
    inputs: [value('x0', DataType.FLOAT, ['n', SIZE])],
    outputs: [value(`x${layers.length}`, DataType.FLOAT)],
    initializers: weights,
  });
}

let backend: GpuBackend;
afterEach(() => backend?.dispose());

/** Compresses the chain; `onLayer` is told each layer's name when work on it begins. */
async function run(onLayer: (name: string, device: GPUDevice) => void) {
  const { gpu, opened } = await failingGpu();
  backend = (await createGpuBackend(gpu))!;
  const model = await readModel(memorySource(chain(), 'm.onnx'));
  const recipe = checkRecipe({ version: 1, steps: [{ layers: '*', method: 'svd', options: { size: 0.5 } }] });
  const labels: string[] = [];
  const factorisations = new Factorisations(backend);
  const compressed = await compress(model, recipe, {
    factorisations,
    onProgress: ({ label }) => {
      if (labels.at(-1) !== label) onLayer(label, opened.at(-1)!);
      labels.push(label);
    },
  });
  return { ...compressed, opened, labels, bytes: await bytesOfFile(compressed.files[0]!) };
}

describe('compress on a device that is lost in the middle', () => {
  it('says so, and goes on from the last finished layer to the same bytes', async () => {
    const whole = await run(() => undefined);
    expect(whole.report.gpuFailures).toBeUndefined();
    backend.dispose();
    let lost = 0;
    const broken = await run((name, device) => {
      if (name !== 'third' || lost++ > 0) return;
      device.destroy();
    });
    expect(broken.opened).toHaveLength(2);
    expect(broken.report.gpuFailures).toEqual([expect.stringMatching(/^third: .* was lost /)]);
    const told = broken.labels.findIndex((label) => label.includes(' was lost '));
    expect(broken.labels[told]).toMatch(/ Going on with third\.$/);
    expect(broken.labels.slice(told)).not.toContain('first');
    expect(broken.labels.slice(told)).not.toContain('second');
    expect(broken.bytes).toEqual(whole.bytes);
    expect(backend.counts).toMatchObject({ buffers: 0, bytes: 0 });
  });
});
