import { expect, it } from 'vitest';
import { webRuntime } from '../../runtime/web';
import { outputOf, running } from '../operators/export/running.fixtures';
import { sparsely } from '../operators/sparse/sparse.fixtures';
import { foldedModel, openFolded } from './foldedSession';

it('a comparison in the browser computes what the file does, bit for bit, of dense weights', async () => {
  const runtime = await webRuntime();
  const { changed, feeds } = await running(await sparsely(17, [200, 160], 0.5), 'MatMul');
  expect((await foldedModel(changed, runtime)).graph.node.map(({ opType }) => opType)).toEqual(['MatMul']);
  for (const provider of ['wasm', 'webgpu'] as const) {
    const session = await openFolded(changed, runtime, provider);
    const folded = (await session.run(feeds)).y!.data;
    await session.release();
    expect(folded, provider).toEqual(await outputOf(changed, feeds, runtime, provider));
  }
});
