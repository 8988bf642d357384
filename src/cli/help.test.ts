import { expect, it } from 'vitest';
import { controlsOf } from '../engine/methods/options';
import { methods } from '../engine/methods/registry';
import { carrara } from './cli.fixtures';

it('says how it is used', () => {
  for (const command of [[], ['inspect'], ['methods'], ['compress'], ['evaluate']]) {
    const { status, stdout } = carrara(...command, '--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: carrara/);
    expect(stdout).toMatch(/^Exit codes: 0; 1 .* 130, 143 or 129 /m);
  }
});

it('tells the methods and their options from their schemas', () => {
  const all = carrara('methods').stdout;
  const help = carrara('compress', '--help').stdout;
  for (const { name } of methods) {
    expect(all).toContain(name);
    expect(help).toContain(name);
  }
  const { stdout } = carrara('methods', 'svd');
  const [svd] = JSON.parse(carrara('methods', 'svd', '--json').stdout);
  expect(svd.options).toHaveLength(controlsOf(methods[0]!.options).length);
  for (const { key } of svd.options) expect(stdout).toMatch(new RegExp(`^ +${key} `, 'm'));
  expect(carrara('methods', 'swd').stderr).toMatch(/No method is called "swd"; did you mean svd\?/);
});
