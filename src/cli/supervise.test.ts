import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { carrara, shell, slowModel, started, testFolder, unfinishedIn, until } from './cli.fixtures';

const at = testFolder();
const PREVIOUS = 'the result of an earlier run';
const FILES = ['out.onnx', 'recipe.json', 'slow.onnx'];

// The bundle is built before a signal can meet its build.
beforeAll(() => void carrara('methods'));

/**
 * A folder of its own with `slow.onnx`, its recipe, and the result of an earlier run. The model is compressed and written
 * at once; then onnxruntime makes a session of the result, which takes hours, and hears nothing meanwhile.
 */
function slowFolder(name: string) {
  const folder = at(name);
  mkdirSync(folder);
  writeFileSync(at(name, 'slow.onnx'), slowModel());
  const steps = [{ layers: 'fc', method: 'svd', options: { size: 0.5 } }];
  writeFileSync(at(name, 'recipe.json'), JSON.stringify({ version: 1, steps }));
  writeFileSync(at(name, 'out.onnx'), PREVIOUS);
  const files = ['--recipe', at(name, 'recipe.json'), '--out', at(name, 'out.onnx')];
  return {
    folder,
    model: at(name, 'slow.onnx'),
    out: at(name, 'out.onnx'),
    compress: ['compress', at(name, 'slow.onnx'), ...files, '--backend', 'cpu'],
    /** The folder holds what it held before, and nothing else. */
    expectUntouched() {
      expect(readdirSync(folder)).toEqual(FILES);
      expect(readFileSync(at(name, 'out.onnx'), 'utf8')).toBe(PREVIOUS);
    },
  };
}

/** The fields of /proc/PID/stat from the state on; none where there is no such process. */
function statOf(pid: number | string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ');
  } catch {
    return [];
  }
}

/** The process that does the work for the supervisor `pid`. */
const workerOf = (pid: number): number =>
  Number(readdirSync('/proc').find((name) => /^\d+$/.test(name) && statOf(name)[1] === String(pid)));

const isRunning = (pid: number): boolean => !['Z', 'X', undefined].includes(statOf(pid)[0]);

/** Waits until the work has begun to write and onnxruntime makes the session that takes hours. */
async function deaf(run: ReturnType<typeof started>, folder: string): Promise<void> {
  await run.writing(folder);
  if (process.platform !== 'linux') return new Promise((resolve) => setTimeout(resolve, 5000));
  // In hundredths of a second. What the command does before this session takes a fraction of it.
  const worker = workerOf(run.pid);
  const busy = () => Number(statOf(worker)[11]);
  const before = busy();
  await until(() => !(busy() - before < 100));
}

describe('while onnxruntime hears nothing', () => {
  it('a second Ctrl-C ends the process, and one that npm passes on too counts once', async () => {
    const { folder, compress, expectUntouched } = slowFolder('interrupted');
    const run = started(...compress);
    await deaf(run, folder);
    run.kill('SIGINT');
    run.kill('SIGINT');
    await run.said('carrara: Stopping after the current step. Press Ctrl-C again to end at once.\n');
    run.kill('SIGINT');
    const { status, stderr } = await run.end;
    expect(stderr).toMatch(/\ncarrara: Ended: nothing was written\.\n$/);
    expect(status).toBe(130);
    expectUntouched();
  });

  it('SIGTERM and SIGHUP end it after a while', async () => {
    const codes = { SIGTERM: 143, SIGHUP: 129 };
    // Together, since each waits five seconds.
    await Promise.all(
      (['SIGTERM', 'SIGHUP'] as const).map(async (signal) => {
        const { folder, compress, expectUntouched } = slowFolder(signal);
        const run = started(...compress);
        await deaf(run, folder);
        run.kill(signal);
        expect(await run.end).toEqual({ status: codes[signal], stderr: 'carrara: Ended: nothing was written.\n' });
        expectUntouched();
      }),
    );
  });

  it('--open-limit ends it', async () => {
    const { model, compress, expectUntouched } = slowFolder('limited');
    for (const args of [compress, ['evaluate', model, model]]) {
      const run = started(...args, '--open-limit', '2');
      expect(await run.end).toEqual({
        status: 1,
        stderr:
          'carrara: Making a session in onnxruntime took longer than 2 s, so it was ended and nothing was written; --open-limit SECONDS gives it longer.\n',
      });
      expect(run.stdout()).toBe('');
      expectUntouched();
    }
  });
});

describe.runIf(process.platform === 'linux')('killed by the system', () => {
  it('the supervisor says so and removes what was unfinished', async () => {
    const { folder, compress, expectUntouched } = slowFolder('killed');
    const run = started(...compress);
    await deaf(run, folder);
    process.kill(workerOf(run.pid), 'SIGKILL');
    const { status, stderr } = await run.end;
    expect(stderr).toMatch(
      /^carrara: The work ended by SIGKILL before it was done, and nothing was written\. .*memory/,
    );
    expect(status).toBe(1);
    expectUntouched();
  });

  it('the work ends with its supervisor, and the next run removes what both have left', async () => {
    const { folder, out, compress, expectUntouched } = slowFolder('orphaned');
    const run = started(...compress);
    await deaf(run, folder);
    const worker = workerOf(run.pid);
    run.kill('SIGKILL');
    await run.end;
    await until(() => !isRunning(worker));
    expect(unfinishedIn(folder)).toHaveLength(1);
    expect(readFileSync(out, 'utf8')).toBe(PREVIOUS);

    expect((await started(...compress, '--open-limit', '1').end).status).toBe(1);
    expectUntouched();
  });
});

it('a first Ctrl-C cancels what hears it', async () => {
  const out = at('moby.onnx');
  const recipe = { version: 1, steps: [{ layers: '*', method: 'tensor-train', options: { size: 0.3 } }] };
  writeFileSync(at('recipe.json'), JSON.stringify(recipe));
  writeFileSync(out, PREVIOUS);
  const model = 'public/samples/moby-lm/model.onnx';
  const run = started('compress', model, '--recipe', at('recipe.json'), '--out', out, '--backend', 'cpu');
  await until(() => process.platform !== 'linux' || workerOf(run.pid) > 0);
  // The work takes seconds; its first tenths load the program.
  await new Promise((resolve) => setTimeout(resolve, 700));
  run.kill('SIGINT');
  expect(await run.end).toEqual({ status: 130, stderr: 'carrara: Cancelled: nothing was written.\n' });
  expect(readFileSync(out, 'utf8')).toBe(PREVIOUS);
  expect(unfinishedIn(at())).toEqual([]);
});

it('what is said to Node, as --max-old-space-size, is said to the process that does the work too', () => {
  const twice = shell(`node --import 'data:text/javascript,console.error("here")' scripts/carrara.mjs methods`);
  expect(twice).toMatchObject({ status: 0, stderr: 'here\nhere\n' });
});
