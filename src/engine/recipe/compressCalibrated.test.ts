import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { Calibration } from '../calibration/calibration';
import { memorySource } from '../core/bytes';
import { createCpuBackend } from '../cpu/backend';
import { openDataset } from '../evaluation/openDataset';
import { split } from '../evaluation/samples';
import { readNpz } from '../formats/npz/npz';
import { Factorisations } from '../methods/factorisations';
import { inputSpecs } from '../model/inspect';
import { readModel } from '../model/model';
import { bytesOfFile, sessionModelOf } from '../model/write';
import { compress } from './compress';
import { checkRecipe } from './schema';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
const open = (bytes: Uint8Array, name = 'm.onnx') => readModel(memorySource(bytes, name));

describe('compress with calibration data', () => {
  const fixture = async () => {
    const model = await open(readFileSync('public/samples/moby-lm/model.onnx'), 'moby.onnx');
    const npz = readNpz(new Uint8Array(readFileSync('public/samples/moby-lm/calibration.npz')), 'calibration.npz');
    const { calibration: dataset } = split(openDataset(npz, inputSpecs(model), 'calibration.npz'));
    let opened = 0;
    const calibration = new Calibration({
      dataset,
      async open(probed) {
        opened++;
        return runtime.open(await sessionModelOf(probed, runtime.externalData), 'cpu');
      },
    });
    const context = { factorisations: new Factorisations(backend), calibration };
    return { model, context, opened: () => opened };
  };
  const two = ['/blocks.0/q/MatMul', '/blocks.1/down/MatMul'];
  const whitened = (whiten: string, more: object = {}) =>
    checkRecipe({
      version: 1,
      ...more,
      steps: [{ layers: two, method: 'svd', options: { size: 0.5, whiten } }],
    });

  it('whitens by what the layers see, reports it, and observes it once', async () => {
    const { model, context, opened } = await fixture();
    const plain = await compress(model, whitened('none'), context);
    // Once to observe the inputs, once to measure the outputs.
    expect(opened()).toBe(2);
    expect(plain.report).not.toHaveProperty('calibration');
    const { report, files } = await compress(model, whitened('full', { seed: 7 }), context);
    expect(opened()).toBe(3);
    for (const [i, { outputError, weightError }] of report.layers.entries()) {
      const other = plain.report.layers[i]!;
      // Measured: .070 against .113, and .116 against .208.
      expect(outputError!.measured).toBeLessThan(0.75 * other.outputError!.measured);
      expect(Math.abs(outputError!.predicted - outputError!.measured)).toBeLessThan(1e-3 * outputError!.measured);
      expect(weightError.measured).toBeGreaterThan(other.weightError.measured);
      expect(weightError.predicted).toBe(weightError.measured);
    }
    const { calibration } = report;
    expect(calibration).toMatchObject({ data: 'calibration.npz', samples: 16, samplesOf: 64 });
    const read = await open(await bytesOfFile(files[0]!));
    const metadata = Object.fromEntries(read.proto.metadataProps.map(({ key, value }) => [key, value]));
    expect(metadata['carrara.calibration_sha256']).toBe(calibration!.sha256);
    expect(metadata['carrara.seed']).toBe('7');
    const again = await compress(model, whitened('full', { seed: 7 }), context);
    expect(await bytesOfFile(again.files[0]!)).toEqual(await bytesOfFile(files[0]!));
  });

  it('hands statistics on to the factors that an earlier step left', async () => {
    const { model, context } = await fixture();
    const steps = [{ size: 0.6 }, { size: 0.7, whiten: 'full' }].map((options) => ({
      layers: two,
      method: 'svd',
      options,
    }));
    const { report } = await compress(model, checkRecipe({ version: 1, steps }), context);
    for (const { form, steps: done } of report.layers) {
      expect(form).toMatch(/^lowRank/);
      expect(done[1]!.bytes).toBeLessThan(done[0]!.bytes);
    }
  });

  it('says what is missing before anything is run', async () => {
    const { model, context } = await fixture();
    const { calibration: _, ...without } = context;
    const job = compress(model, whitened('full'), { ...without, recipeName: 'r.json', remedy: 'open some' });
    await expect(job).rejects.toThrow(
      /^r\.json, step 1: svd with these options needs calibration data, .*: open some\.$/,
    );
  });
});
