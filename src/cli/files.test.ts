import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { carrara, shell, testFolder, unfinishedIn } from './cli.fixtures';

const MODEL = 'public/samples/moby-lm/model.onnx';
const at = testFolder();
const model = at('models', 'model.onnx');

beforeAll(() => {
  mkdirSync(at('models'));
  writeFileSync(at('file'), 'text');
  writeFileSync(
    at('recipe.json'),
    JSON.stringify({ version: 1, steps: [{ layers: '*', method: 'quantize', options: { bits: 8 } }] }),
  );
});
beforeEach(() => writeFileSync(model, readFileSync(MODEL)));

const compress = (out: string, ...more: string[]) =>
  carrara('compress', model, '--recipe', at('recipe.json'), '--out', out, '--backend', 'cpu', ...more);

describe.runIf(process.platform !== 'win32')('carrara compress', () => {
  it('never writes over its model through a linked folder', () => {
    symlinkSync('models', at('linked'));
    const { status, stderr } = compress(at('linked', 'model.onnx'));
    expect(stderr).toMatch(/^carrara: .*linked\/model\.onnx would overwrite a file that it is made from: name another/);
    expect(status).toBe(1);
    expect(readFileSync(model).equals(readFileSync(MODEL))).toBe(true);
  });

  it.each(['', '  '])('refuses the name "%s" at once', (out) => {
    const { status, stderr } = compress(out);
    expect(stderr).toBe('carrara: compress needs a file to write: --out FILE.\n');
    expect(status).toBe(1);
  });

  const small = `carrara compress "$MODEL" --recipe "$RECIPE" --backend cpu --out`;
  const env = { ...process.env, MODEL: model, RECIPE: at('recipe.json') };

  it('says where a file may not be as large, and leaves what was there', () => {
    // The result takes 1.3 MB; the limit is in blocks of 512 or 1,024 bytes.
    const out = at('limited.onnx');
    writeFileSync(out, 'before');
    carrara('methods'); // The bundle is built outside of the limit.
    const { status, stderr } = shell(`ulimit -f 400; ${small} "${out}"`, { env });
    expect(stderr).toBe(
      `carrara: ${out} cannot be written: it would be larger than the system allows; raise the limit (ulimit -f), or name a folder on another disk.\n`,
    );
    expect(status).toBe(1);
    expect(readFileSync(out, 'utf8')).toBe('before');
    expect(unfinishedIn(at())).toEqual([]);
  });

  it('says that the disk is full, and leaves what was there', ({ skip }) => {
    mkdirSync(at('disk'), { recursive: true });
    // A disk of half a megabyte, in a name space of its own: anyone may mount there, if the system lets them.
    const mounted = `unshare --mount $([ "$(id -u)" = 0 ] || echo --map-root-user) bash -c '
      mount -t tmpfs -o size=512k tmpfs "$DISK" || exit 77
      echo before > "$DISK/out.onnx"
      carrara() { node scripts/carrara.mjs "$@"; }
      ${small} "$DISK/out.onnx"
      status=$?
      ls -A "$DISK" && cat "$DISK/out.onnx"
      exit $status'`;
    const { status, stdout, stderr } = shell(mounted, { env: { ...env, DISK: at('disk') } });
    if (status === 77 || /^(bash:.*unshare: command not found|unshare: )/.test(stderr)) {
      skip(`nothing may be mounted here: ${stderr}`);
    }
    expect(stderr).toBe(
      `carrara: ${at('disk', 'out.onnx')} cannot be written: the disk is full; free some space, or name a folder on another disk.\n`,
    );
    expect(status).toBe(1);
    expect(stdout).toBe('out.onnx\nbefore\n');
  });
});

describe.runIf(process.platform !== 'win32')('an input that is no file', () => {
  const kinds: [string, () => string, RegExp][] = [
    ['a folder', () => at('models'), /models is a folder: name a file in it\.$/m],
    ['a missing file', () => at('missing'), /missing does not exist\.$/m],
    [
      'a file in a missing folder',
      () => at('missing', 'x'),
      /missing\/x does not exist: there is no folder .*missing\.$/m,
    ],
    ['a file for a folder', () => at('file', 'x'), /file\/x cannot be read: .*\/file is a file, not a folder; correct/],
    ['too long a name', () => at('n'.repeat(300)), /cannot be read: the name is too long; name a shorter one\.$/m],
    ['an empty name', () => '', /The name of a file is empty: name a file\.$/m],
    ['a device', () => '/dev/zero', /\/dev\/zero is not a file on a disk: save it as one first\.$/m],
    [
      'a link to nothing',
      () => {
        rmSync(at('dangling'), { force: true });
        symlinkSync('gone', at('dangling'));
        return at('dangling');
      },
      /dangling does not exist: it is a link to gone, which is missing\.$/m,
    ],
  ];
  it.each(kinds)('%s is named, wherever it is given', (_, name, message) => {
    const path = name();
    for (const args of [
      ['inspect', path],
      ['inspect', model, '--calibration', path],
      ['evaluate', model, model, '--data', path],
      ['compress', model, '--recipe', path, '--out', at('out.onnx')],
    ]) {
      const { status, stdout, stderr } = carrara(...args);
      expect(stderr).toMatch(/^carrara: [^\n]+\n$/);
      expect(stderr).toMatch(message);
      expect(stdout).toBe('');
      expect(status).toBe(1);
    }
    expect(readdirSync(at())).not.toContain('out.onnx');
  });
});

describe.runIf(process.platform !== 'win32')('standard output', () => {
  it('may be closed by a reader that has seen enough', () => {
    const { status, stdout, stderr } = shell(
      `carrara inspect "$MODEL" | true; echo "\${PIPESTATUS[0]}"; carrara inspect "$MODEL" --json | head -1`,
      { env: { ...process.env, MODEL } },
    );
    expect(stdout).toBe('0\n{\n');
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.runIf(process.platform === 'linux')('that takes nothing is an error', () => {
    const { status, stderr } = shell('carrara methods > /dev/full');
    expect(stderr).toMatch(/^carrara: The report cannot be written: the disk is full; [^\n]*\n$/);
    expect(status).toBe(1);
  });

  it('is JSON and nothing else with --json', () => {
    const out = at('json.onnx');
    for (const args of [
      ['inspect', model, '--json'],
      ['methods', '--json'],
      ['compress', model, '--recipe', at('recipe.json'), '--out', out, '--backend', 'cpu', '--json'],
      ['evaluate', model, out, '--json'],
    ]) {
      const { status, stderr, json } = carrara(...args);
      expect(json()).toBeTypeOf('object');
      expect(stderr).toBe('');
      expect(status).toBe(0);
    }
  });
});

it.each(['soon', '', '-3', '1e99', 'NaN'])('--open-limit is no "%s"', (limit) => {
  const { status, stderr } = carrara('inspect', MODEL, `--open-limit=${limit}`);
  expect(stderr).toBe(`carrara: --open-limit is a number of seconds from 0 to 2000000, not "${limit}".\n`);
  expect(status).toBe(1);
});
