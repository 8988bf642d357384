/** The time that a search may take. */
export class Clock {
  readonly #started = performance.now();
  readonly #ms: number;

  constructor(minutes: number | undefined) {
    this.#ms = minutes === undefined ? Number.POSITIVE_INFINITY : 60_000 * minutes;
  }

  /** Whether this share of the time is used up; never where there is no limit. */
  isPast(share: number): boolean {
    return performance.now() - this.#started >= share * this.#ms;
  }

  /** Infinite where there is no limit. */
  get secondsLeft(): number {
    return Math.max(0, this.#ms - (performance.now() - this.#started)) / 1000;
  }
}
