import { writeFileSync } from 'node:fs';
import { UserError } from '../engine/core/errors';
import { Project } from '../engine/project/project';
import { keysCalled } from '../engine/recipe/lines';
import { csvOf } from '../engine/sensitivity/csv';
import { dawn } from './dawn';
import { dataFile, modelSource } from './readFiles';
import { sensitivitySummary } from './sensitivitySummary';
import { shapesOf } from './shapes';
import { openingWatch, watchedRuntime } from './supervised';
import { progressBar } from './terminal';
import { fileStore } from './tuningStore';
import { checkTarget } from './writeFiles';

export interface SensitivityCommandOptions {
  readonly data?: string;
  readonly calibration?: string;
  readonly methods?: string;
  readonly levels?: string;
  readonly samples?: number;
  readonly csv?: string;
  readonly shape?: readonly string[];
  readonly openLimit?: string;
  readonly json?: boolean;
}

/** `carrara sensitivity MODEL.onnx --data D.npz` */
export async function sensitivityCommand(
  path: string,
  options: SensitivityCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { data, calibration, samples, csv } = options;
  const request = {
    ...(options.methods !== undefined && { lines: keysCalled(listOf(options.methods), data !== undefined) }),
    ...(options.levels !== undefined && { levels: listOf(options.levels).map(levelOf) }),
    ...(samples !== undefined && { samples }),
  };
  const given = [path, ...[data, calibration].filter((file) => file !== undefined)];
  if (csv !== undefined) checkTarget(csv, given);
  const shapes = shapesOf(options.shape, data === undefined ? undefined : '--data');
  const watch = openingWatch(options.openLimit);
  const project = new Project(watchedRuntime(watch), { gpu: dawn, tuning: fileStore(), madeUp: { shapes } });
  const bar = progressBar();
  const job = { id: 'sensitivity', signal, onProgress: bar.show };
  try {
    await watch.during(`Opening ${path}`, () => project.open(modelSource(path), job));
    for (const [file, use] of [[data], [calibration, 'calibration' as const]] as const)
      if (file !== undefined) await watch.during(`Opening ${file}`, () => project.openData(dataFile(file), job, use));
    await watch.during('Opening the GPU', () => project.start());
    const report = await project.sensitivity(request, () => undefined, job);
    if (csv !== undefined) writeFileSync(csv, csvOf(report));
    bar.clear();
    console.log(options.json ? JSON.stringify(report, null, 2) : sensitivitySummary(report));
  } finally {
    bar.clear();
    await project.close();
  }
}

/** Names of lines hold commas followed by spaces: "prune, SparseGPT". */
const listOf = (text: string): string[] => text.split(/,(?! )/).map((one) => one.trim());

function levelOf(text: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (!(value > 0 && value < 1))
    throw new UserError(`--levels are shares of the dense bytes, as in .5,.25 or 50%,25%; "${text}" is none.`);
  return value;
}
