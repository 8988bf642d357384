import { expect, it } from 'vitest';
import { carrara, FASHION, MOBY } from './cli.fixtures';

const both = [`${MOBY}/model.onnx`, `${MOBY}/model.onnx`];
const fashion = `${FASHION}/model.onnx`;

it('evaluate makes up the shapes that it is told, and says them', () => {
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

it('evaluate takes as many samples, as large batches and as many runs as it is told', () => {
  const chosen = ['--shape', 'ids=1,16', '--batch', '8', '--samples', '20', '--runs', '3'];
  const report = carrara('evaluate', ...both, ...chosen, '--json').json();
  expect(report).toMatchObject({ batch: 8, samples: 20, shapes: { ids: [8, 16] } });
  expect(report.latencyMs.before.median).toBeGreaterThan(0);
  const untimed = carrara('evaluate', ...both, '--data', `${MOBY}/test.npz`, '--samples', '10', '--runs', '0');
  expect(untimed.stdout).not.toContain('latency');
  expect(untimed.stdout).toMatch(/^10 samples/m);
  expect(untimed.stdout).toMatch(/^next-token accuracy +0\.\d{4} \(0\.\d{4}…0\.\d{4}\)/m);
  expect(untimed.stdout).toMatch(/^bits per byte /m);
  for (const [option, value, least] of [
    ['--batch', '0', 1],
    ['--samples', 'many', 1],
    ['--runs', '-1', 0],
  ] as const)
    expect(carrara('evaluate', ...both, option, value).stderr).toMatch(
      new RegExp(`${option} .*It must be a whole number, ${least} or more`),
    );
});

it('evaluate of one model tells its own accuracy and what its outputs are', () => {
  const alone = carrara('evaluate', fashion, '--data', `${FASHION}/test.npz`);
  expect(alone.stdout).toMatch(/^top-1 accuracy +0\.9\d{3} \(0\.\d{4}…0\.\d{4}\)$/m);
  expect(alone.stdout).toMatch(/^top-5 accuracy +0\.99\d{2} /m);
  expect(alone.stdout).toContain('Outputs: logits (choices).');
  expect(carrara('evaluate', fashion).stdout).toContain('no labels');
});

it('evaluate lists classes where it is asked, and takes an output for what it is told', () => {
  const data = ['--data', `${FASHION}/test.npz`, '--runs', '0'];
  const { perClass } = carrara('evaluate', fashion, fashion, ...data, '--per-class', '--json').json();
  expect(perClass).toHaveLength(10);
  expect(perClass[3]).toMatchObject({ class: 3, lost: 0, gained: 0 });
  const chosen = carrara('evaluate', fashion, fashion, '--runs', '0', '--output', 'logits=embedding', '--json').json();
  expect(chosen.outputs).toMatchObject([{ name: 'logits', kind: 'embedding', counts: true }]);
  expect(chosen.fidelity).toMatchObject({ rankAgreement: 1, relativeError: 0, cosine: 1 });
  expect(chosen.fidelity).not.toHaveProperty('agreement');
  expect(carrara('evaluate', fashion, fashion, '--output', 'logits=picture').stderr).toContain('says no kind');
  expect(carrara('evaluate', fashion, fashion, '--per-class').stderr).toContain('--per-class needs labels');
});
