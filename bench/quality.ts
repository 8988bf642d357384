// What methods cost in quality: the blocks of the bundled language model by each recipe of recipes.ts, calibrated on one
// part of its text and measured on another: `npm run bench -- quality`.
import { readFileSync } from 'node:fs';
import { Calibration } from '../src/engine/calibration/calibration';
import { createCpuBackend } from '../src/engine/cpu/backend';
import { toNumbers } from '../src/engine/evaluation/convert';
import { batches, IGNORED, openDataset } from '../src/engine/evaluation/dataset';
import { argmax } from '../src/engine/evaluation/distribution';
import { readNpz } from '../src/engine/evaluation/npz';
import { Score } from '../src/engine/evaluation/score';
import { Factorisations } from '../src/engine/methods/factorisations';
import { memorySource } from '../src/engine/model/bytes';
import { inputSpecs } from '../src/engine/model/inspect';
import { type Model, readModel } from '../src/engine/model/model';
import { sessionModelOf } from '../src/engine/model/write';
import { compress } from '../src/engine/recipe/compress';
import { checkRecipe } from '../src/engine/recipe/schema';
import { nodeRuntime } from '../src/runtime/node';
import { QUALITY_ROWS } from './recipes';
import { keepResult } from './timing';

const FOLDER = 'public/samples/moby-lm';
const BLOCKS = '/blocks.*';

const runtime = nodeRuntime();
const model = await readModel(memorySource(readFileSync(`${FOLDER}/model.onnx`), 'model.onnx'));
const open = async (opened: Model) => runtime.open(await sessionModelOf(opened, runtime.externalData), 'cpu');
const data = (name: string) =>
  openDataset(readNpz(new Uint8Array(readFileSync(`${FOLDER}/${name}`)), name), inputSpecs(model), name);
const heldBack = data('test.npz');
const calibration = new Calibration({ dataset: data('calibration.npz'), open });
const factorisations = new Factorisations(createCpuBackend(runtime));

interface Quality {
  /** Share of positions whose next byte is the likeliest one. */
  readonly top1: number;
  readonly bitsPerByte: number;
}

const original = await qualityOf(model);
const rows = [];
for (const { name, steps } of QUALITY_ROWS) {
  const recipe = checkRecipe({ version: 1, steps: steps.map((step) => ({ layers: BLOCKS, ...step })) });
  const { model: changed, report } = await compress(model, recipe, { factorisations, calibration });
  const bytes = (of: 'bytesBefore' | 'bytesAfter') => report.layers.reduce((sum, layer) => sum + layer[of], 0);
  rows.push({
    name,
    steps,
    ...(await qualityOf(changed)),
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
});

async function qualityOf(of: Model): Promise<Quality> {
  const labels = heldBack.labels!;
  const score = new Score(labels);
  const session = await open(of);
  let right = 0;
  let counted = 0;
  try {
    for (const batch of batches(heldBack, 8)) {
      const outputs = await session.run(batch.feeds);
      score.add(outputs, batch);
      const logits = toNumbers(Object.values(outputs)[0]!);
      const width = logits.length / batch.labels!.length;
      batch.labels!.forEach((label, at) => {
        if (label === IGNORED) return;
        counted++;
        if (argmax(logits, at * width, width) === label) right++;
      });
    }
  } finally {
    await session.release();
  }
  return { top1: rounded(right / counted), bitsPerByte: rounded(Math.log2(score.value)) };
}

function rounded(value: number): number {
  return Math.round(1e4 * value) / 1e4;
}
