import { expect, it } from 'vitest';
import { chainBytes, WIDTHS } from '../engine/project/chain.fixtures';
import type { KeepingState } from '../engine/project/engine';
import { KeptProject } from '../engine/project/keptProject';
import { privateFiles } from '../engine/store/privateFiles';
import { Store } from '../engine/store/store';
import { webRuntime } from '../runtime/web';

const RECIPE = {
  version: 1,
  steps: [
    { layers: '*', method: 'svd', options: { size: 0.6 } },
    { layers: '*', method: 'quantize', options: { bits: 8 } },
  ],
};

it('a project in the browser is there again with its run, in another worker', async () => {
  const place = `test-${crypto.randomUUID()}`;
  const started = async () => {
    const project = new KeptProject(await webRuntime(), new Store((await privateFiles(place))!));
    await project.start('cpu');
    return project;
  };
  const first = await started();
  const states: KeepingState[] = [];
  await first.onKeeping((state) => void states.push(state));
  await first.open([new File([chainBytes()], 'chain.onnx')], { id: 'open' });
  await first.compress(RECIPE, { id: 'compress' });
  const evaluation = await first.evaluate(1, 'wasm', { id: 'evaluate' });
  await first.keepPage((await first.keeping()).project!, { ticks: [1, 2] });
  await first.kept();
  expect(states.at(-1)).toMatchObject({ state: 'kept' });
  const exported = await first.exportRun(1, { id: 'export' });
  await first.close();

  const second = await started();
  const [one] = await second.projects();
  expect(one).toMatchObject({ name: 'chain.onnx', runs: 1, isCopied: true, isOpen: true });
  // As a reload does; here the first worker has not ended.
  const opened = await second.openProject(one!.id, { id: 'open' }, 'take over');
  expect(states.at(-1)).toMatchObject({ project: undefined });
  expect(opened.page).toEqual({ ticks: [1, 2] });
  expect(opened.runs[0]!.evaluation).toEqual(evaluation);
  expect(opened.report.inputs[0]!.shape).toEqual(['n', WIDTHS[0]]);
  const again = await second.exportRun(1, { id: 'export' });
  expect(again.sha256).toBe(exported.sha256);
  await second.close();
});
