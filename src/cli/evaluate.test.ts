import { expect, it } from 'vitest';
import { carrara, MOBY } from './cli.fixtures';

it('evaluate makes up the shapes that it is told, and says them', () => {
  const both = [`${MOBY}/model.onnx`, `${MOBY}/model.onnx`];
  expect(carrara('evaluate', ...both, '--shape', 'ids=2,9', '--json').json()).toMatchObject({
    batch: 2,
    shapes: { ids: [2, 9] },
  });
  expect(carrara('evaluate', ...both, '--shape', 'ids=2').stderr).toMatch(
    /"ids" has 2 dimensions, .* has 1 dimension\.$/m,
  );
  expect(carrara('evaluate', ...both, '--shape', 'ids=2,9', '--data', `${MOBY}/test.npz`).stderr).toMatch(
    /--data gives them: leave one out\.$/m,
  );
});
