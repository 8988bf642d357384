import { expect, it } from 'vitest';
import type { Progress } from '../core/progress';
import type { JobProgress } from './engine';
import { Jobs } from './jobs';

/** What the page is told of a job that reports this. */
async function told(progress: Progress): Promise<JobProgress[]> {
  const heard: JobProgress[] = [];
  await new Jobs().run({ id: 'job', onProgress: (each) => heard.push(each) }, async ({ onProgress }) =>
    onProgress?.(progress),
  );
  return heard;
}

it('passes on the time that is left where the work itself knows it, and nothing where it cannot be said', async () => {
  const progress = { done: 1, total: 4, label: 'fc1' };
  expect(await told({ ...progress, secondsLeft: 12 })).toEqual([{ ...progress, secondsLeft: 12 }]);
  expect(await told({ ...progress, secondsLeft: 'unknown' })).toEqual([progress]);
  // Of equal pieces too nothing is said from the first one alone.
  expect(await told(progress)).toEqual([progress]);
});

it('a job that was cancelled before it began does not begin', async () => {
  const jobs = new Jobs();
  jobs.cancel('job');
  await expect(jobs.run({ id: 'job' }, async () => 'done')).rejects.toMatchObject({ name: 'AbortError' });
});
