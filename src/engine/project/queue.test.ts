import { describe, expect, it } from 'vitest';
import type { LongCall, Progress } from '../core/progress';
import type { JobProgress } from './jobProgress';
import { JobQueue, type JobRequest, type JobState, PRIORITY, type QueueOptions } from './queue';

/** A queue, what it has told of itself, and jobs that end when the test says so. */
function setUp(options: QueueOptions<string> = {}) {
  const changes: string[] = [];
  const started: string[] = [];
  const queue = new JobQueue({ ...options, onChange: (jobs) => changes.push(jobs.map(shown).join(' ')) });
  return { queue, changes, started, job };

  /** `end` resolves the run under way and `fail` rejects it; an abort rejects it unless the job is `deaf`. */
  function job(id: string, priority: number, rest: Partial<JobRequest<string>> & { deaf?: boolean } = {}) {
    let current: { resolve(value: string): void; reject(error: unknown): void };
    const run = ({ signal }: Required<LongCall>) =>
      new Promise<string>((resolve, reject) => {
        started.push(id);
        current = { resolve, reject };
        if (!rest.deaf) signal.addEventListener('abort', () => reject(signal.reason));
      });
    const answer = queue.add({ id, kind: 'test', label: id, priority, run, ...rest });
    // The test looks at it later; until then Node would call a rejection unhandled.
    answer.catch(() => undefined);
    return { answer, end: (value = id) => current.resolve(value), fail: (error: unknown) => current.reject(error) };
  }
}

const shown = ({ id, status }: JobState) => `${id}:${status}`;

/** After it, all jobs that can start have started. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

const { background, preview, foreground } = PRIORITY;
const ABORTED = { name: 'AbortError' };

describe('order', () => {
  it('one job runs at a time, the most urgent first, otherwise in the order of their arrival', async () => {
    const { queue, started, job } = setUp();
    const first = job('first', background);
    const jobs = [
      job('b1', background),
      job('b2', background),
      job('p1', preview),
      job('f1', foreground),
      job('p2', preview),
    ];
    expect(queue.jobs.map(shown)).toEqual([
      'first:running',
      ...['f1', 'p1', 'p2', 'b1', 'b2'].map((id) => `${id}:waiting`),
    ]);
    first.end();
    for (const index of [3, 2, 4, 0, 1]) {
      await settled();
      jobs[index]!.end();
    }
    await Promise.all(jobs.map(({ answer }) => answer));
    expect(started).toEqual(['first', 'f1', 'p1', 'p2', 'b1', 'b2']);
    expect(queue.jobs).toEqual([]);
  });

  it('gives each caller its own answer', async () => {
    const { job } = setUp();
    const [one, two] = [job('one', foreground), job('two', foreground)];
    one.end('first answer');
    await settled();
    two.end('second answer');
    expect(await one.answer).toBe('first answer');
    expect(await two.answer).toBe('second answer');
  });

  it('what follows a job starts before waiting jobs of a lower priority', async () => {
    const { started, job } = setUp();
    const compress = job('compress', foreground);
    const spectra = job('spectra', background);
    compress.answer.then(() => job('evaluate', foreground));
    compress.end();
    await settled();
    expect(started).toEqual(['compress', 'evaluate']);
    void spectra;
  });
});

describe('errors', () => {
  it('reach who added the job, and the next one runs', async () => {
    const { queue, job } = setUp();
    const bad = job('bad', foreground);
    const good = job('good', foreground);
    bad.fail(new Error('The disk is full.'));
    await expect(bad.answer).rejects.toThrow('The disk is full.');
    await settled();
    good.end();
    expect(await good.answer).toBe('good');
    const thrown = queue.add({
      id: 'thrown',
      kind: 'test',
      label: '',
      priority: foreground,
      run: () => {
        throw new Error('at once');
      },
    });
    await expect(thrown).rejects.toThrow('at once');
  });

  it('of a job that was asked to give way are its own, and it does not run again', async () => {
    const { started, job } = setUp();
    const spectra = job('spectra', background, { yieldsTo: foreground, deaf: true });
    const compress = job('compress', foreground);
    spectra.fail(new Error('The GPU was lost.'));
    await expect(spectra.answer).rejects.toThrow('The GPU was lost.');
    await settled();
    compress.end();
    await settled();
    expect(started).toEqual(['spectra', 'compress']);
  });
});

describe('giving way', () => {
  it('stops for a more urgent job and runs again afterwards, with one answer', async () => {
    const { queue, changes, started, job } = setUp();
    const spectra = job('spectra', background, { yieldsTo: foreground });
    const compress = job('compress', foreground);
    await settled();
    expect(queue.jobs.map(shown)).toEqual(['compress:running', 'spectra:waiting']);
    expect(changes).toContain('spectra:stopping compress:waiting');
    compress.end();
    await settled();
    spectra.end('all layers');
    expect(await spectra.answer).toBe('all layers');
    expect(started).toEqual(['spectra', 'compress', 'spectra']);
  });

  it('does not stop for jobs below its limit, nor at all where it has none', async () => {
    const { queue, job } = setUp();
    const spectra = job('spectra', background, { yieldsTo: foreground });
    job('trial', preview);
    expect(queue.jobs.map(shown)).toEqual(['spectra:running', 'trial:waiting']);
    spectra.end();
    await settled();
    job('compress', foreground);
    expect(queue.jobs.map(shown)).toEqual(['trial:running', 'compress:waiting']);
  });

  it('comes before later jobs of its priority when it runs again', async () => {
    const { queue, job } = setUp();
    job('b1', background, { yieldsTo: foreground });
    job('b2', background);
    job('compress', foreground);
    await settled();
    expect(queue.jobs.map(shown)).toEqual(['compress:running', 'b1:waiting', 'b2:waiting']);
  });

  it('keeps its answer when it finishes although it was asked to stop', async () => {
    const { started, job } = setUp();
    const spectra = job('spectra', background, { yieldsTo: foreground, deaf: true });
    const compress = job('compress', foreground);
    spectra.end('finished');
    expect(await spectra.answer).toBe('finished');
    await settled();
    compress.end();
    await settled();
    expect(started).toEqual(['spectra', 'compress']);
  });

  it('a job that does not stop in time delays the urgent one no longer, and runs again when it has stopped', async () => {
    const { queue, started, job } = setUp({ graceMs: 1 });
    const spectra = job('spectra', background, { yieldsTo: foreground, deaf: true });
    const compress = job('compress', foreground);
    await settled();
    expect(queue.jobs.map(shown)).toEqual(['compress:running']);
    spectra.fail(new DOMException('', 'AbortError'));
    await settled();
    expect(queue.jobs.map(shown)).toEqual(['compress:running', 'spectra:waiting']);
    compress.end();
    await settled();
    spectra.end();
    expect(await spectra.answer).toBe('spectra');
    expect(started).toEqual(['spectra', 'compress', 'spectra']);
  });

  it('a job that has not stopped yet can be cancelled, and the queue is not idle until it has stopped', async () => {
    const { queue, started, job } = setUp({ graceMs: 1 });
    const spectra = job('spectra', background, { yieldsTo: foreground, deaf: true });
    const compress = job('compress', foreground);
    await settled();
    compress.end();
    let idle = false;
    void queue.idle().then(() => {
      idle = true;
    });
    await settled();
    expect(idle).toBe(false);
    queue.cancel('spectra');
    spectra.fail(new DOMException('', 'AbortError'));
    await expect(spectra.answer).rejects.toMatchObject(ABORTED);
    await queue.idle();
    expect(started).toEqual(['spectra', 'compress']);
  });

  it('a job that was cancelled and does not stop delays an urgent one no longer either', async () => {
    const { queue, job } = setUp({ graceMs: 1 });
    const spectra = job('spectra', background, { yieldsTo: foreground, deaf: true });
    queue.cancel('spectra');
    job('compress', foreground);
    await settled();
    expect(queue.jobs.map(shown)).toEqual(['compress:running']);
    spectra.fail(new DOMException('', 'AbortError'));
    await expect(spectra.answer).rejects.toMatchObject(ABORTED);
    expect(queue.jobs.map(shown)).toEqual(['compress:running']);
  });
});

describe('cancel', () => {
  it('drops a waiting job, which never starts', async () => {
    const { queue, started, job } = setUp();
    const running = job('running', foreground);
    const waiting = job('waiting', foreground);
    queue.cancel('waiting');
    await expect(waiting.answer).rejects.toMatchObject(ABORTED);
    running.end();
    expect(await running.answer).toBe('running');
    await settled();
    expect(started).toEqual(['running']);
  });

  it('stops a running job, which does not run again', async () => {
    const { queue, started, job } = setUp();
    const running = job('running', background, { yieldsTo: foreground });
    queue.cancel('running');
    expect(queue.jobs.map(shown)).toEqual(['running:stopping']);
    await expect(running.answer).rejects.toMatchObject(ABORTED);
    await settled();
    expect(started).toEqual(['running']);
  });

  it('of a job that gives way keeps it from running again', async () => {
    const { queue, started, job } = setUp();
    const spectra = job('spectra', background, { yieldsTo: foreground });
    const compress = job('compress', foreground);
    queue.cancel('spectra');
    await expect(spectra.answer).rejects.toMatchObject(ABORTED);
    await settled();
    compress.end();
    await settled();
    expect(started).toEqual(['spectra', 'compress']);
  });

  it('before a job arrives keeps it from starting, once', async () => {
    const { queue, started, job } = setUp();
    queue.cancel('late');
    await expect(job('late', foreground).answer).rejects.toMatchObject(ABORTED);
    job('late', foreground);
    expect(started).toEqual(['late']);
  });

  it('by a signal does the same', async () => {
    const { started, job } = setUp();
    const [first, second] = [new AbortController(), new AbortController()];
    const running = job('running', foreground, { signal: first.signal });
    const waiting = job('waiting', foreground, { signal: second.signal });
    second.abort(new Error('no longer wanted'));
    await expect(waiting.answer).rejects.toThrow('no longer wanted');
    first.abort();
    await expect(running.answer).rejects.toMatchObject(ABORTED);
    await expect(job('dead', foreground, { signal: first.signal }).answer).rejects.toMatchObject(ABORTED);
    expect(started).toEqual(['running']);
  });

  it('of all jobs leaves an idle queue', async () => {
    const { queue, job } = setUp();
    const jobs = [job('one', foreground), job('two', foreground), job('three', background)];
    queue.cancelAll();
    for (const { answer } of jobs) await expect(answer).rejects.toMatchObject(ABORTED);
    await queue.idle();
    expect(queue.jobs).toEqual([]);
  });
});

it('is idle when the last job has ended, not before', async () => {
  const { queue, job } = setUp();
  await queue.idle();
  const [one, two] = [job('one', foreground), job('two', foreground)];
  let idle = false;
  void queue.idle().then(() => {
    idle = true;
  });
  one.end();
  await settled();
  expect(idle).toBe(false);
  two.end();
  await settled();
  expect(idle).toBe(true);
});

describe('progress', () => {
  /** What the caller and the queue's state hear of a job that reports this. */
  async function heardOf(...reports: Progress[]) {
    const heard: JobProgress[] = [];
    const states: (JobProgress | undefined)[] = [];
    const queue = new JobQueue({ onChange: ([job]) => states.push(job?.progress) });
    await queue.add({
      id: 'job',
      kind: 'test',
      label: 'Job',
      priority: foreground,
      onProgress: (each) => heard.push(each),
      run: async ({ onProgress }) => reports.forEach(onProgress),
    });
    return { heard, states: states.filter((state) => state !== undefined) };
  }
  const report = { done: 1, total: 4, label: 'fc1' };

  it('passes on the time left where the work itself knows it, and nothing where it is not known', async () => {
    expect((await heardOf({ ...report, secondsLeft: 12 })).heard).toEqual([{ ...report, secondsLeft: 12 }]);
    expect((await heardOf({ ...report, secondsLeft: 'unknown' })).heard).toEqual([report]);
    // One report gives no pace yet, even of equal pieces.
    const { heard, states } = await heardOf(report);
    expect(heard).toEqual([report]);
    expect(states).toEqual([report]);
  });

  it('leaves out reports that follow each other closely, but for the last one', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({ done: i + 1, total: 1000, label: '' }));
    const { heard } = await heardOf(...many);
    expect(heard.length).toBeLessThan(500);
    expect(heard[0]!.done).toBe(1);
    expect(heard.at(-1)!.done).toBe(1000);
  });

  it('starts anew when a job runs again', async () => {
    const { queue, job } = setUp();
    let reports = 0;
    const run = ({ signal, onProgress }: Required<LongCall>) => {
      if (reports++ === 0) onProgress(report);
      return new Promise<string>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    job('spectra', background, { yieldsTo: foreground, run });
    expect(queue.jobs[0]!.progress).toEqual(report);
    const compress = job('compress', foreground);
    await settled();
    compress.end();
    await settled();
    expect(queue.jobs[0]).toMatchObject({ id: 'spectra', status: 'running' });
    expect(queue.jobs[0]!.progress).toBeUndefined();
  });
});
