import { afterAll, describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../runtime/node';
import { createCpuBackend } from '../cpu/backend';
import { Factorisations } from '../methods/factorisations';
import { bytesOfFile } from '../model/write';
import { compress, needsData } from '../recipe/compress';
import { type Compressed, writeRun } from '../recipe/finishedRun';
import { memoryBacking } from '../store/memory';
import type { RecordKind } from '../store/records';
import { Store } from '../store/store';
import { calibrationOf, chain, RECIPES } from './chain.fixtures';
import { isThere, type KeptRun, keepRun, referencesOf, restoreRun } from './keptRun';

const runtime = nodeRuntime();
const backend = createCpuBackend(runtime);
afterAll(() => backend.dispose());

const RUN: RecordKind<KeptRun> = { name: 'run', version: 1 };

/** A run in a store, as a program leaves it behind. */
async function kept(name: string) {
  const model = await chain();
  const recipe = RECIPES[name]!;
  const finished = await compress(model, recipe, {
    factorisations: new Factorisations(backend),
    fileName: 'chain.run4.onnx',
    ...(needsData(recipe) && { calibration: calibrationOf(model, runtime) }),
  });
  const backing = memoryBacking();
  await new Store(backing).write(async (writer) => {
    const run = await keepRun(finished.run, writer);
    await writer.setRecord(RUN, 'one', run, referencesOf(run));
  });
  const store = new Store(backing);
  await store.sweep();
  return { finished, backing, store, found: (await store.record(RUN, 'one'))!.value! };
}

const bytesOf = async ({ files }: Compressed) => Buffer.from(await bytesOfFile(files[0]!));

describe('a kept run is the same again, however it is written', () => {
  it.each(Object.keys(RECIPES))('%s', async (name) => {
    const { finished, store, found } = await kept(name);
    const restored = await writeRun((await restoreRun(found, await chain(), store))!, {});
    expect(restored.report).toEqual(finished.report);
    expect(restored.files.map((file) => file.name)).toEqual(finished.files.map((file) => file.name));
    expect((await bytesOf(restored)).equals(await bytesOf(finished))).toBe(true);
    for (const aim of ['file', 'memory'] as const) {
      const [before, after] = [await finished.writtenFor({ aim }, {}), await restored.writtenFor({ aim }, {})];
      expect((await bytesOf(after)).equals(await bytesOf(before))).toBe(true);
      expect(after.report).toEqual(before.report);
    }
    expect([...restored.operators.keys()]).toEqual([...finished.operators.keys()]);
  });
});

it('a run of which an artefact is gone or damaged is not restored', async () => {
  for (const name of ['two steps', 'neurons that are cut']) {
    const { backing, store, found } = await kept(name);
    const original = await chain();
    for (const { sha256, bytes } of referencesOf(found)) {
      const content = await (await backing.open('artefacts', sha256))!.read(0, bytes);
      const put = async (held: Uint8Array) => {
        const staged = await backing.stage();
        await staged.write(held);
        await staged.commit('artefacts', sha256);
      };
      expect(await isThere(found, store)).toBe(true);
      await put(content.with(bytes >> 1, content[bytes >> 1]! ^ 1));
      expect(await restoreRun(found, original, store)).toBeUndefined();
      expect(await isThere(found, store)).toBe(false);
      await put(content);
    }
    expect(await restoreRun(found, original, store)).toBeDefined();
  }
});
