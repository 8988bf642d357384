import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { smallNetwork } from '../engine/allocation/search.fixtures';
import { carrara, testFolder } from './cli.fixtures';

const at = testFolder();
writeFileSync(at('small.onnx'), smallNetwork());
const { size } = statSync(at('small.onnx'));

const search = (...args: string[]) => carrara('search', at('small.onnx'), '--methods', 'quantize', ...args);

it('writes a model within the bytes allowed, with its recipe, and prints the front', () => {
  const { status, stdout, stderr } = search('--size', '25%', '--out', at('a.onnx'), '--recipe', at('a.json'));
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(statSync(at('a.onnx')).size).toBeLessThanOrEqual(0.25 * size);
  expect(stdout).toContain('There are no labels: the loss is disagreement with the original');
  expect(stdout).toContain('of generated inputs');
  expect(stdout).toMatch(/^→ /m);
  // The recipe makes the same file.
  const { status: again } = carrara('compress', at('small.onnx'), '--recipe', at('a.json'), '--out', at('again.onnx'));
  expect(again).toBe(0);
  expect(readFileSync(at('again.onnx')).equals(readFileSync(at('a.onnx')))).toBe(true);
});

it('prints the report as JSON', () => {
  const report = search('--loss', '.2', '--json', '--out', at('b.onnx')).json();
  expect(report).toMatchObject({ stage: 'done', metric: 'agreement', labelled: false, generated: true });
  const best = report.points[report.best];
  expect(statSync(at('b.onnx')).size).toBe(best.bytes);
  expect(best.loss.mean).toBeLessThanOrEqual(0.2);
});

it('writes nothing where the goal is out of reach, and says what comes nearest', () => {
  const { status, stderr } = search('--bytes', '2kB', '--out', at('c.onnx'));
  expect(status).toBe(1);
  expect(stderr).toMatch(/smallest file .+ more than the 2,000 allowed\. The nearest recipe/);
  expect(existsSync(at('c.onnx'))).toBe(false);
});

it('refuses what is no goal', () => {
  for (const [args, said] of [
    [['--out', at('d.onnx')], 'The goal has no limit'],
    [['--size', 'small', '--out', at('d.onnx')], '--size is a share'],
    [['--size', '.1'], 'search needs a file to write'],
    [['--size', '.1', '--out', at('d.txt')], 'is to be an ONNX model'],
    [['--size', '.1', '--minutes', '0', '--out', at('d.onnx')], '--minutes is a number above 0'],
    [['--size', '.1', '--methods', 'quantise', '--out', at('d.onnx')], 'did you mean quantize?'],
  ] as const) {
    const { status, stderr } = carrara('search', at('small.onnx'), ...args);
    expect(status).toBe(1);
    expect(stderr).toContain(said);
  }
});
