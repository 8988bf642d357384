import type { HostTensor, Provider } from '../runtime';

interface Kept {
  /** Runs that were asked for; fewer may have fitted the time. */
  readonly runs: number;
  readonly timings: readonly number[];
}

/** How long one model took, for each provider and each shape of its inputs, so that it is timed once. */
export class KeptLatency {
  readonly #kept = new Map<string, Kept>();

  /** Timings of a model that was asked for as many runs at least; undefined where there are none. */
  of(provider: Provider, feeds: Feeds, runs: number): readonly number[] | undefined {
    const kept = this.#kept.get(keyOf(provider, feeds));
    return kept && kept.runs >= runs ? kept.timings : undefined;
  }

  keep(provider: Provider, feeds: Feeds, runs: number, timings: readonly number[]): void {
    this.#kept.set(keyOf(provider, feeds), { runs, timings });
  }
}

type Feeds = Readonly<Record<string, HostTensor>>;

const keyOf = (provider: Provider, feeds: Feeds): string =>
  JSON.stringify([provider, Object.entries(feeds).map(([name, { type, dims }]) => [name, type, dims])]);
