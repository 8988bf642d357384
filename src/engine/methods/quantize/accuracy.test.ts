import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { createCpuBackend } from '../../cpu/backend';
import { evaluate } from '../../evaluation/evaluate';
import { openDataset } from '../../evaluation/openDataset';
import { readNpz } from '../../formats/npz/npz';
import { inputSpecs } from '../../model/inspect';
import { type Model, readModel } from '../../model/model';
import { sessionModelOf } from '../../model/write';
import { compress } from '../../recipe/compress';
import { checkRecipe } from '../../recipe/schema';
import { Factorisations } from '../factorisations';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());
const open = async (model: Model) => runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');

// Points of 1. Of 8,192 bytes, 0.3 % are 25.
const SAMPLES = [
  { id: 'fashion-mnist', metric: 'top1', within: 0.003 },
  { id: 'moby-lm', metric: 'nextToken', within: 0.003 },
];

for (const { id, metric, within } of SAMPLES) {
  it(`keeps what ${id} is worth at 8 bits, in three tenths of its bytes or a third`, async () => {
    const read = (file: string) => new Uint8Array(readFileSync(`public/samples/${id}/${file}`));
    const model = await readModel(memorySource(read('model.onnx'), 'model.onnx'));
    const recipe = checkRecipe({ version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 8 } }] });
    const { model: changed, report } = await compress(model, recipe, { factorisations: new Factorisations(backend) });
    expect(report.after.bytes / report.before.bytes).toBeLessThan(0.33);
    const [before, after] = [await open(model), await open(changed)];
    const dataset = openDataset(readNpz(read('test.npz'), 'test.npz'), inputSpecs(model), 'test.npz');
    const found = await evaluate(before, after, dataset, { provider: 'cpu', latency: { runs: 1, budgetMs: 1 } });
    await before.release();
    await after.release();
    expect(found.metric).toBe(metric);
    expect(Math.abs(found.after - found.before)).toBeLessThanOrEqual(within);
  });
}
