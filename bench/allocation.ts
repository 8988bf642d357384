// The search beside the same search with greedy allocation: the same sensitivities, about the same number of evaluations,
// five seeds. `npm run bench -- allocation`
import { readFileSync } from 'node:fs';
import { greedy } from '../src/engine/allocation/greedy';
import { search } from '../src/engine/allocation/search';
import { Calibration } from '../src/engine/calibration/calibration';
import { memorySource } from '../src/engine/core/bytes';
import { createCpuBackend } from '../src/engine/cpu/backend';
import { openDataset } from '../src/engine/evaluation/openDataset';
import { openModel } from '../src/engine/evaluation/openModel';
import { readNpz } from '../src/engine/formats/npz/npz';
import { Factorisations } from '../src/engine/methods/factorisations';
import { inputSpecs } from '../src/engine/model/inspect';
import { layersIn } from '../src/engine/model/layers';
import { readModel } from '../src/engine/model/model';
import { nodeRuntime } from '../src/runtime/node';
import { keepResult } from './timing';

const FOLDER = 'public/samples/moby-lm';
const SEEDS = process.env.SEEDS?.split(',').map(Number) ?? [0, 1, 2, 3, 4];
const METHODS = ['quantize'];
const SIZE = 0.18;

const runtime = nodeRuntime();
const model = await readModel(memorySource(readFileSync(`${FOLDER}/model.onnx`), 'model.onnx'));
const open = (name: string) =>
  openDataset(readNpz(new Uint8Array(readFileSync(`${FOLDER}/${name}`)), name), inputSpecs(model), name);
const context = {
  given: layersIn(model),
  factorisations: new Factorisations(createCpuBackend(runtime)),
  calibration: new Calibration({ dataset: open('calibration.npz'), open: (one) => openModel(one, runtime) }),
  dataset: open('test.npz'),
  runtime,
  provider: 'cpu' as const,
  program: '0.1.0',
};
const goal = { maxSize: SIZE, minimise: 'loss' } as const;

const rows = [];
for (const seed of SEEDS) {
  const found = [];
  for (const allocate of [undefined, greedy]) {
    const given = { ...context, ...(allocate && { allocate }) };
    const report = await search(goal, { seed, methods: METHODS }, given, () => undefined);
    const first = report.points
      .filter(({ from, bytes }) => from === 'knapsack' && bytes <= SIZE * report.originalBytes)
      .sort((a, b) => b.bytes - a.bytes)[0];
    const best = report.points[report.best!]!;
    found.push({
      allocated: first?.damage.mean,
      best: best.damage.mean,
      checked: best.checked?.damage.mean,
      evaluations: report.evaluations,
    });
  }
  rows.push({ seed, knapsack: found[0], greedy: found[1] });
  process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
}
keepResult('allocation', { model: FOLDER, methods: METHODS, size: SIZE, measure: 'kl', rows });
process.exit(0);
