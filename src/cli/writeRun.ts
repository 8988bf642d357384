import type { ByteSource } from '../engine/core/bytes';
import type { Job, ReadBack } from '../engine/project/engine';
import type { Project } from '../engine/project/project';
import { type Staged, stage } from './writeFiles';

/**
 * Writes the files of a run, reads them back and verifies them. They take the place of `out` once all of that has
 * succeeded; otherwise nothing is left of them. `inputs`: files that must not be replaced.
 */
export async function writeRun(
  project: Project,
  run: number,
  out: string,
  inputs: readonly string[],
  job: Job,
): Promise<{ readonly verification: ReadBack; readonly sources: readonly ByteSource[] }> {
  let staged: Staged | undefined;
  try {
    const verification = await project.exportTo(
      run,
      async (files, call) => {
        staged = await stage(files, out, inputs, call);
        return staged.sources;
      },
      job,
    );
    await staged!.commit();
    return { verification, sources: staged!.sources };
  } catch (error) {
    staged?.discard();
    throw error;
  }
}
