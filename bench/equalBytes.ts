// When the first points of "methods at equal bytes" come, and when all have, for all layers of the language-model sample:
// `npm run bench -- equalBytes`.
import { readFileSync } from 'node:fs';
import { Calibration } from '../src/engine/calibration/calibration';
import { memorySource } from '../src/engine/core/bytes';
import { createCpuBackend } from '../src/engine/cpu/backend';
import { openDataset } from '../src/engine/evaluation/openDataset';
import { readNpz } from '../src/engine/formats/npz/npz';
import { Factorisations } from '../src/engine/methods/factorisations';
import { inputSpecs } from '../src/engine/model/inspect';
import { layersOf } from '../src/engine/model/layers';
import { type Model, readModel } from '../src/engine/model/model';
import { scopeOf } from '../src/engine/model/scopes';
import { sessionModelOf } from '../src/engine/model/write';
import { compareAtEqualBytes } from '../src/engine/recipe/equalBytes';
import { nodeRuntime } from '../src/runtime/node';
import { keepResult } from './timing';

const FOLDER = 'public/samples/moby-lm';
const SIZES = [0.5, 0.25, 0.125, 0.0625];

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
const model = await readModel(memorySource(readFileSync(`${FOLDER}/model.onnx`), 'model.onnx'));
const layers = layersOf(scopeOf(model)).filter(({ compressible }) => compressible);
const entries = readNpz(readFileSync(`${FOLDER}/calibration.npz`), 'calibration.npz');
const dataset = openDataset(entries, inputSpecs(model), 'calibration.npz');
const open = async (one: Model) => runtime.open(await sessionModelOf(one, runtime.externalData, {}), 'cpu');
const begun = performance.now();
const cpuBegun = process.cpuUsage();
const lines: object[] = [];
const report = await compareAtEqualBytes(
  model,
  layers.map(({ id }) => id),
  SIZES,
  {
    factorisations: new Factorisations(backend),
    calibration: new Calibration({ dataset, open }),
    onReport: ({ points }) => {
      const { user, system } = process.cpuUsage(cpuBegun);
      const rounded = (seconds: number) => +seconds.toFixed(1);
      lines.push({
        points: points.length,
        seconds: rounded((performance.now() - begun) / 1000),
        processorSeconds: rounded((user + system) / 1e6),
      });
    },
  },
);
const points = report.points.map(({ steps: _, ...point }) => point);
keepResult('equalBytes', { layers: layers.length, samples: dataset.samples, lines, points, skipped: report.skipped });
await backend.dispose();
process.exit(0);
