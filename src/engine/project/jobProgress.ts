import { PlannedPace } from '../core/pace';
import type { Progress } from '../core/progress';

export interface JobProgress {
  readonly done: number;
  readonly total: number;
  /** What is being worked on. */
  readonly label: string;
  /** Estimated from the pace so far; absent while that is not possible. */
  readonly secondsLeft?: number;
}

/** The interval between two reports of progress: as fast as the eye follows, so that a page is not flooded. */
const EVERY_MS = 60;

/** Passes on a report now and then, with an estimate of the time left. */
export function reporting(report: (progress: JobProgress) => void): (progress: Progress) => void {
  let reportedAt = Number.NEGATIVE_INFINITY;
  let pace: { readonly total: number; readonly planned: PlannedPace } | undefined;
  // Pieces whose cost is unknown count as equal; their pace begins with the first report.
  const estimate = ({ done, total }: Progress) => {
    if (pace?.total !== total) pace = { total, planned: new PlannedPace([{ kind: 'all', cost: total }]) };
    return total > 0 ? pace.planned.secondsLeft(done / total) : undefined;
  };
  return (progress) => {
    const { done, total, label } = progress;
    const now = performance.now();
    if (now - reportedAt < EVERY_MS && done < total) return;
    reportedAt = now;
    const left = progress.secondsLeft ?? estimate(progress);
    report({ done, total, label, ...(typeof left === 'number' && { secondsLeft: left }) });
  };
}
