import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../engine/core/errors';
import { DataType, modelBytes, node, tensor, value } from '../engine/model/onnx/build';
import { filesOf } from '../engine/model/write';
import { readModelAt } from './readFiles';
import { sweep, temporaryName } from './temporaryFiles';
import { checkDataTarget, checkTarget, isSameFile, stage } from './writeFiles';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
const POSIX = process.platform !== 'win32';

const bytes = modelBytes({
  nodes: [node('MatMul', ['x', 'w'], ['y'])],
  inputs: [value('x', DataType.FLOAT, ['n', 64])],
  outputs: [value('y', DataType.FLOAT)],
  initializers: [
    tensor(
      'w',
      [64, 64],
      Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
    ),
  ],
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carrara-write-'));
  mkdirSync(at('models'));
  writeFileSync(at('models', 'model.onnx'), bytes);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The files of the model, with its weights in a data file. */
async function twoFiles(name: string) {
  // Far below what the tensor takes.
  return filesOf(await readModelAt(at('models', 'model.onnx')), name, {}, 1000);
}

describe.runIf(POSIX)('an output that is an input', () => {
  const model = () => at('models', 'model.onnx');
  const names: [string, () => string][] = [
    ['its own name', model],
    ['another spelling', () => `${at('models')}/../models/./model.onnx`],
    ['a relative path', () => relative(process.cwd(), model())],
    [
      'a path through a linked folder',
      () => {
        symlinkSync(at('models'), at('linked'));
        return at('linked', 'model.onnx');
      },
    ],
    [
      'a link',
      () => {
        symlinkSync(model(), at('link.onnx'));
        return at('link.onnx');
      },
    ],
    [
      'a hard link',
      () => {
        linkSync(model(), at('hard.onnx'));
        return at('hard.onnx');
      },
    ],
  ];
  it.each(names)('is found by %s', (_, name) => {
    const out = name();
    expect(isSameFile(out, model())).toBe(true);
    expect(() => checkTarget(out, [at('models'), model()])).toThrow(/would overwrite a file that it is made from/);
  });

  it('is found where the input is the one that is reached by a link', () => {
    symlinkSync(at('models'), at('linked'));
    expect(() => checkTarget(model(), [at('linked', 'model.onnx')])).toThrow(/would overwrite/);
  });

  it('is no other file of the same name, size and content', () => {
    mkdirSync(at('copies'));
    writeFileSync(at('copies', 'model.onnx'), bytes);
    expect(isSameFile(at('copies', 'model.onnx'), model())).toBe(false);
    expect(() => checkTarget(at('copies', 'model.onnx'), [model()])).not.toThrow();
  });
});

describe.runIf(POSIX)('what cannot be written', () => {
  const long = 'n'.repeat(300);
  const cases: [string, () => string, RegExp][] = [
    ['a folder', () => at('models'), /models is a folder: name a file to write\.$/],
    ['a folder with a slash', () => `${at('models')}/`, /models\/ is a folder: name a file to write\.$/],
    ['a device', () => '/dev/null', /^\/dev\/null is a device: name a file to write\.$/],
    [
      'a pipe',
      () => {
        spawnSync('mkfifo', [at('pipe')]);
        return at('pipe');
      },
      /pipe is a pipe: name a file to write\.$/,
    ],
    [
      'a link to another file',
      () => {
        writeFileSync(at('other'), '');
        symlinkSync('other', at('latest.onnx'));
        return at('latest.onnx');
      },
      /latest\.onnx is a link to other: name that file, or remove the link first\.$/,
    ],
    [
      'a link to nothing',
      () => {
        symlinkSync('missing', at('latest.onnx'));
        return at('latest.onnx');
      },
      /latest\.onnx is a link to missing: name that file/,
    ],
    [
      'a link to itself',
      () => {
        symlinkSync('loop', at('loop'));
        return at('loop', 'out.onnx');
      },
      /out\.onnx cannot be written: its links lead in a circle/,
    ],
    [
      'a file for a folder',
      () => at('models', 'model.onnx', 'out.onnx'),
      /model\.onnx is a file, not a folder; correct/,
    ],
    ['a missing folder', () => at('missing', 'out.onnx'), /there is no folder .*missing; make it or name another\.$/],
    ['too long a name', () => at(long), /cannot be written: the name is too long; name a shorter one\.$/],
  ];
  it.each(cases)('%s', (_, name, message) => {
    const out = name();
    const before = readdirSync(folder);
    expect(() => checkTarget(out, [])).toThrow(UserError);
    expect(() => checkTarget(out, [])).toThrow(message);
    expect(readdirSync(folder)).toEqual(before);
  });

  it('a folder or a file without permission', () => {
    chmodSync(folder, 0o755);
    writeFileSync(at('kept.onnx'), 'kept', { mode: 0o444 });
    mkdirSync(at('closed'), { mode: 0o555 });
    mkdirSync(at('open'));
    chmodSync(at('open'), 0o777);
    writeFileSync(at('open', 'kept.onnx'), 'kept', { mode: 0o444 });
    // Nothing is forbidden to root.
    const root = process.getuid!() === 0;
    if (root) process.seteuid!(65534);
    try {
      expect(() => checkTarget(at('closed', 'out.onnx'), [])).toThrow(
        /cannot be written: you have no permission; change/,
      );
      expect(() => checkTarget(at('open', 'kept.onnx'), [])).toThrow(
        /kept\.onnx is write-protected: name another file/,
      );
    } finally {
      if (root) process.seteuid!(0);
    }
  });
});

describe('the data file beside the output', () => {
  it('may replace that of the same model, and no other', async () => {
    const staged = await stage(await twoFiles('out.onnx'), at('out.onnx'), []);
    await staged.commit();
    await checkDataTarget(at('out.onnx'), []);
    await expect(checkDataTarget(at('out.onnx'), [at('out.onnx_data')])).rejects.toThrow(/would overwrite a file/);

    rmSync(at('out.onnx'));
    const message =
      /out\.onnx_data exists and is not the data of .*out\.onnx: remove it, or name another file to write\.$/;
    await expect(checkDataTarget(at('out.onnx'), [])).rejects.toThrow(message);
    // A model that keeps its weights to itself, and a file that is no model.
    for (const content of [bytes, 'text']) {
      writeFileSync(at('out.onnx'), content);
      await expect(checkDataTarget(at('out.onnx'), [])).rejects.toThrow(message);
    }
    const before = readFileSync(at('out.onnx_data'));
    await expect(twoFiles('out.onnx').then((files) => stage(files, at('out.onnx'), []))).rejects.toThrow(message);
    expect(readFileSync(at('out.onnx_data')).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(['models', 'out.onnx', 'out.onnx_data']);
  });
});

describe('staged files', () => {
  it('have temporary names until they are committed, then their own', async () => {
    writeFileSync(at('out.onnx'), 'before', { mode: 0o600 });
    const staged = await stage(await twoFiles('out.onnx'), at('out.onnx'), []);
    expect(readFileSync(at('out.onnx'), 'utf8')).toBe('before');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toHaveLength(2);
    await staged.commit();
    expect(readdirSync(folder)).toEqual(['models', 'out.onnx', 'out.onnx_data']);
    const model = await readModelAt(at('out.onnx'));
    expect([...model.sources.keys()]).toContain('out.onnx_data');
    if (POSIX) expect(statSync(at('out.onnx')).mode & 0o777).toBe(0o600);
  });

  it('leave nothing when they are discarded', async () => {
    const staged = await stage(await twoFiles('out.onnx'), at('out.onnx'), []);
    staged.discard();
    expect(readdirSync(folder)).toEqual(['models']);
  });

  it('get their names data first: a model is never there without them', async () => {
    writeFileSync(at('out.onnx'), 'before');
    const staged = await stage(await twoFiles('out.onnx'), at('out.onnx'), []);
    rmSync(at(temporaryName('1')));
    await expect(staged.commit()).rejects.toThrow(/out\.onnx_data cannot be written/);
    expect(readFileSync(at('out.onnx'), 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['models', 'out.onnx']);
  });

  it('are all refused where one of them is', async () => {
    const staged = await stage(await twoFiles('out.onnx'), at('out.onnx'), []);
    mkdirSync(at('out.onnx'));
    await expect(staged.commit()).rejects.toThrow(/out\.onnx is a folder/);
    expect(readdirSync(folder)).toEqual(['models', 'out.onnx']);
  });

  it('do not replace a link that was made meanwhile', async () => {
    const [main] = await twoFiles('out.onnx');
    const staged = await stage([main!], at('out.onnx'), [at('models', 'model.onnx')]);
    symlinkSync(at('models', 'model.onnx'), at('out.onnx'));
    await expect(staged.commit()).rejects.toThrow(/would overwrite a file that it is made from/);
    expect(readFileSync(at('models', 'model.onnx')).equals(bytes)).toBe(true);
  });

  it('of dead processes of this machine are removed, and nothing else', () => {
    const { pid: dead } = spawnSync(process.execPath, ['-e', '']);
    const named = (pid: number, host = hostname()) =>
      temporaryName('0').replace(`-${process.pid}-`, `-${pid}-`).replace(hostname(), host);
    const kept = [
      // The parent of this process is alive.
      named(process.ppid),
      named(dead, `${hostname()}x`),
      `${named(dead)}.onnx`,
      `.out.onnx.${dead}.part`,
    ];
    // An earlier process had the number that this one has.
    const earlier = temporaryName('0').replace(/[^-]+-0/, '00000000-0');
    for (const name of [named(dead), earlier, ...kept]) writeFileSync(at(name), '');
    sweep(folder);
    expect(readdirSync(folder).sort()).toEqual([...kept, 'models'].sort());
    expect(existsSync(at(named(dead)))).toBe(false);
  });

  it('are written where what dead processes have left cannot be removed', async () => {
    const { pid: dead } = spawnSync(process.execPath, ['-e', '']);
    const left = temporaryName('0').replace(`-${process.pid}-`, `-${dead}-`);
    // As little to be removed like a file as another user's file in a shared folder.
    mkdirSync(at(left));
    const staged = await stage(await twoFiles('out.onnx'), at('out.onnx'), []);
    staged.discard();
    expect(readdirSync(folder).sort()).toEqual([left, 'models'].sort());
  });
});
