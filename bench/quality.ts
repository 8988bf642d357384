// What methods lose in quality: the blocks of the bundled language model by each recipe of recipes.ts, calibrated on one
// part of its text and measured on another: `npm run bench -- quality`.
import { readFileSync } from 'node:fs';
import { Calibration } from '../src/engine/calibration/calibration';
import { memorySource } from '../src/engine/core/bytes';
import { createCpuBackend } from '../src/engine/cpu/backend';
import { toNumbers } from '../src/engine/evaluation/convert';
import { batches, IGNORED } from '../src/engine/evaluation/dataset';
import { argmax } from '../src/engine/evaluation/metrics/distribution';
import { openDataset } from '../src/engine/evaluation/openDataset';
import { Score } from '../src/engine/evaluation/score';
import { readNpz } from '../src/engine/formats/npz/npz';
import { Factorisations } from '../src/engine/methods/factorisations';
import { inputSpecs } from '../src/engine/model/inspect';
import { type Model, readModel } from '../src/engine/model/model';
import { sessionModelOf } from '../src/engine/model/write';
import { compress } from '../src/engine/recipe/compress';
import { checkRecipe } from '../src/engine/recipe/schema';
import { nodeRuntime } from '../src/runtime/node';
import { QUALITY_ORDERS, QUALITY_ROWS } from './recipes';
import { keepResult } from './timing';

const FOLDER = 'public/samples/moby-lm';
const BLOCKS = '/blocks.*';
/** The end of the book, which neither training nor calibration has seen: ten times the text of the sample's own data. */
const HELD_BACK = 'bench/data/moby-dick-end.npz';

const runtime = nodeRuntime();
const model = await readModel(memorySource(readFileSync(`${FOLDER}/model.onnx`), 'model.onnx'));
const open = async (opened: Model) => runtime.open(await sessionModelOf(opened, runtime.externalData), 'cpu');
const data = (path: string) => openDataset(readNpz(new Uint8Array(readFileSync(path)), path), inputSpecs(model), path);
const heldBack = data(HELD_BACK);
const calibration = new Calibration({ dataset: data(`${FOLDER}/calibration.npz`), open });
const factorisations = new Factorisations(createCpuBackend(runtime));

interface Quality {
  /** Share of positions whose next byte is the likeliest one. */
  readonly top1: number;
  readonly bitsPerByte: number;
}

/** Whether each position's next byte was the likeliest one, by a row's name. */
const hits = new Map<string, boolean[]>();
const original = await qualityOf('original', model);
const rows = [];
for (const { name, steps } of QUALITY_ROWS) {
  const recipe = checkRecipe({ version: 1, steps: steps.map((step) => ({ layers: BLOCKS, ...step })) });
  const { model: changed, report } = await compress(model, recipe, { factorisations, calibration });
  const bytes = (of: 'bytesBefore' | 'bytesAfter') => report.layers.reduce((sum, layer) => sum + layer[of], 0);
  rows.push({
    name,
    steps,
    ...(await qualityOf(name, changed)),
    // Of the layers that were rewritten, and of the whole file, embedding and head included.
    layerBytes: rounded(bytes('bytesAfter') / bytes('bytesBefore')),
    fileBytes: rounded(report.after.bytes / report.before.bytes),
  });
  process.stderr.write('.');
}
process.stderr.write('\n');
keepResult('quality', {
  model: FOLDER,
  layers: BLOCKS,
  calibrated: `${calibration.dataset.samples} windows`,
  measured: `${heldBack.samples} other windows, ${heldBack.labels!.ids.filter((id) => id !== IGNORED).length} bytes`,
  original,
  rows,
  orders: QUALITY_ORDERS.map(([better, worse]) => ({ better, worse, ...gainOf(hits.get(better)!, hits.get(worse)!) })),
});

/** Of one row over another at the same positions, with the standard error of the mean of their differences. */
function gainOf(better: readonly boolean[], worse: readonly boolean[]) {
  const differences = better.map((hit, at) => Number(hit) - Number(worse[at]!));
  const mean = differences.reduce((sum, one) => sum + one, 0) / differences.length;
  const variance = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0) / differences.length;
  return { top1: rounded(mean), standardError: rounded(Math.sqrt(variance / differences.length)) };
}

async function qualityOf(name: string, of: Model): Promise<Quality> {
  const labels = heldBack.labels!;
  const score = new Score(labels);
  const session = await open(of);
  const found: boolean[] = [];
  try {
    for (const batch of batches(heldBack, 8)) {
      const outputs = await session.run(batch.feeds);
      score.add(outputs, batch);
      const logits = toNumbers(Object.values(outputs)[0]!);
      const width = logits.length / batch.labels!.length;
      batch.labels!.forEach((label, at) => {
        if (label === IGNORED) return;
        found.push(argmax(logits, at * width, width) === label);
      });
    }
  } finally {
    await session.release();
  }
  hits.set(name, found);
  return {
    top1: rounded(found.filter(Boolean).length / found.length),
    bitsPerByte: rounded(score.scores.find(({ metric }) => metric.name === 'bitsPerByte')!.mean.value),
  };
}

function rounded(value: number): number {
  return Math.round(1e4 * value) / 1e4;
}
