import type { ClassScore } from './report';
import type { SampleSums } from './sampleSums';

/** With more classes, a table of them is too long to read, and too large to keep with every run. */
const MOST_CLASSES = 1000;

/**
 * How many samples of each class both models get right. `labels`: the class of each sample; samples that are in neither
 * sum have no label. Undefined where there are more than 1,000 classes.
 */
export function perClass(labels: Int32Array, before: SampleSums, after: SampleSums): ClassScore[] | undefined {
  const classes = new Map<number, { samples: number; before: number; after: number; lost: number; gained: number }>();
  for (const sample of before.samples) {
    const label = labels[sample]!;
    const found = classes.get(label) ?? { samples: 0, before: 0, after: 0, lost: 0, gained: 0 };
    const [was, is] = [before.sumOf(sample), after.sumOf(sample)];
    found.samples++;
    found.before += was;
    found.after += is;
    if (was > is) found.lost++;
    if (is > was) found.gained++;
    classes.set(label, found);
  }
  if (classes.size > MOST_CLASSES) return undefined;
  return [...classes].sort(([a], [b]) => a - b).map(([label, found]) => ({ class: label, ...found }));
}
