import { seeded } from '../core/random';
import type { Dataset } from '../evaluation/dataset';
import { chosenOf, enoughSamples } from '../evaluation/samples';

export interface SearchSamples {
  /** What recipes are scored on, in an order in which the first few stand for all. */
  readonly search: Dataset;
  /** What the search never looks at, in such an order too: found recipes are checked on it. */
  readonly check: Dataset;
  /** The data hold one sample, so that both are the same. */
  readonly same: boolean;
}

export interface SearchSampleCounts {
  readonly search: number;
  readonly check: number;
}

/** Samples that check what was found, for each one that the search looks at, at most. */
const CHECK_RATIO = 4;

/** How many samples a search takes of these data, and how many are kept apart: as many where data are few. */
export function sampleCounts({ samples, labels }: Dataset): SearchSampleCounts {
  const wanted = enoughSamples(labels);
  const search = Math.max(1, Math.min(wanted, Math.floor(samples / 2)));
  return { search, check: Math.min(CHECK_RATIO * wanted, samples - search) };
}

/**
 * Splits data into samples for a search and samples to check what it found, at most so many of each, in the proportion of
 * the two numbers where there are fewer. Files are often sorted by class, so each stretch of the file gives its share of
 * both, drawn by the seed. The same data and seed are always split in the same way.
 */
export function splitForSearch(dataset: Dataset, most: SearchSampleCounts, seed: number): SearchSamples {
  const { samples } = dataset;
  if (samples < 2) return { search: dataset, check: dataset, same: true };
  const total = Math.min(samples, most.search + most.check);
  const count = Math.min(total - 1, Math.max(1, Math.round((total * most.search) / (most.search + most.check))));
  const random = seeded(seed);
  // One sample of each of `total` stretches, so that both parts are spread over the file.
  const drawn = Array.from({ length: total }, (_, i) => {
    const from = Math.floor((i * samples) / total);
    const to = Math.floor(((i + 1) * samples) / total);
    return from + random.below(to - from);
  });
  const searched = new Set<number>();
  for (let i = 0; i < count; i++) {
    const from = Math.floor((i * total) / count);
    const to = Math.floor(((i + 1) * total) / count);
    searched.add(drawn[from + random.below(to - from)]!);
  }
  const search = shuffled([...searched], random.below);
  const check = shuffled(
    drawn.filter((sample) => !searched.has(sample)),
    random.below,
  );
  return { search: chosenOf(dataset, search), check: chosenOf(dataset, check), same: false };
}

function shuffled<T>(items: readonly T[], below: (bound: number) => number): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}
