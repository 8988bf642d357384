/** The time that a search has taken, and may take. */
export class Clock {
  readonly #started = performance.now();
  readonly #most: number;

  constructor(minutes: number | undefined) {
    this.#most = minutes === undefined ? Number.POSITIVE_INFINITY : 60 * minutes;
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  /** Whether this share of the time is used up; never where there is no limit. */
  isPast(share: number): boolean {
    return this.seconds >= share * this.#most;
  }

  /** Infinite where there is no limit. */
  get secondsLeft(): number {
    return Math.max(0, this.#most - this.seconds);
  }
}
