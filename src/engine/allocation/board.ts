import { CONFIDENCE, type Estimated } from '../core/estimated';
import { withFront } from './front';
import { byteLimit } from './goal';
import type { Goal, SearchPoint, SearchReport } from './report';

/** The report of a search as it grows: its points, the front, and the best point that meets the goal. */
export class Board {
  #report: SearchReport;
  #last = Number.NEGATIVE_INFINITY;

  constructor(
    begun: Omit<SearchReport, 'points' | 'best' | 'outOfReach' | 'stage' | 'evaluations'>,
    private readonly onReport: (report: SearchReport) => void,
  ) {
    this.#report = { ...begun, points: [], stage: 'measuring', evaluations: 0 };
  }

  get report(): SearchReport {
    return this.#report;
  }

  get goal(): Goal {
    return this.#report.goal;
  }

  /** Adds a point and gives its id. */
  add(point: Omit<SearchPoint, 'id' | 'meetsGoal' | 'onFront'>): number {
    const id = this.#report.points.length;
    const whole = { ...point, id, meetsGoal: false, onFront: false };
    this.#setPoints([...this.#report.points, { ...whole, meetsGoal: this.#meetsGoal(whole) }]);
    return id;
  }

  /** Adds what was measured of a point later. */
  amend(id: number, found: Partial<Pick<SearchPoint, 'checked' | 'latency'>>): void {
    this.#setPoints(
      this.#report.points.map((point) => {
        if (point.id !== id) return point;
        const whole = { ...point, ...found };
        return { ...whole, meetsGoal: this.#meetsGoal(whole) };
      }),
    );
  }

  /** `now`: without waiting for the next moment at which reports go out. */
  tell(change: Partial<Pick<SearchReport, 'stage' | 'evaluations' | 'outOfReach' | 'samples'>>, now = false): void {
    this.#report = { ...this.#report, ...change };
    this.#send(now || change.stage !== undefined);
  }

  #setPoints(points: readonly SearchPoint[]): void {
    const all = withFront(points);
    const best = bestOf(all, this.goal);
    const { best: _, outOfReach, ...rest } = this.#report;
    // A bound is no more than that: what was found is within reach.
    this.#report = { ...rest, points: all, ...(best ? { best: best.id } : outOfReach && { outOfReach }) };
    this.#send(false);
  }

  #send(now: boolean): void {
    if (!now && performance.now() - this.#last < EVERY_MS) return;
    this.#last = performance.now();
    this.onReport(this.#report);
  }

  #meetsGoal({ bytes, loss, checked, latency }: SearchPoint): boolean {
    const { maxLoss = Number.POSITIVE_INFINITY, maxLatency } = this.goal;
    if (bytes > byteLimit(this.goal, this.#report.originalBytes)) return false;
    if (maxLatency !== undefined && !(latency !== undefined && latency <= maxLatency)) return false;
    if (loss.mean > maxLoss) return false;
    return !checked || lowest(checked.loss) <= maxLoss;
  }
}

const EVERY_MS = 250;

/** The lower end of the interval of a mean. */
const lowest = ({ mean, standardError = 0 }: Estimated): number => mean - CONFIDENCE * standardError;

/** What a goal makes small: points are ordered by the first figure, equal ones by the second. */
export function objective(goal: Goal, { bytes, damage, latency = Number.POSITIVE_INFINITY }: SearchPoint) {
  if (goal.minimise === 'size') return [bytes, damage.mean] as const;
  return goal.minimise === 'latency' ? ([latency, damage.mean] as const) : ([damage.mean, bytes] as const);
}

/** Points that meet the goal, the best first; those that were checked come before those that were not. */
export const ranked = (points: readonly SearchPoint[], goal: Goal): SearchPoint[] =>
  points
    .filter(({ meetsGoal }) => meetsGoal)
    .sort((a, b) => {
      const [x, y] = [objective(goal, a), objective(goal, b)];
      return Number(!a.checked) - Number(!b.checked) || x[0] - y[0] || x[1] - y[1];
    });

const bestOf = (points: readonly SearchPoint[], goal: Goal): SearchPoint | undefined => ranked(points, goal)[0];
