import type { ClassScore } from '../engine/evaluation/report';
import { table } from './terminal';

/** A row for each class: how many samples of it both models get right, and how many the compressed model lost and gained. */
export const classTable = (classes: readonly ClassScore[]): string =>
  table(
    ['class', 'samples', 'original', 'compressed', 'lost', 'gained'],
    classes.map(({ class: label, samples, before, after, lost, gained }) => [
      String(label),
      String(samples),
      (before / samples).toFixed(4),
      (after / samples).toFixed(4),
      String(lost),
      String(gained),
    ]),
  );
