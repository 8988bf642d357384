import { argmax } from './distribution';
import type { LabelMeasure } from './metric';

/** 1 where the label is the largest output, else 0. */
export const CORRECT: LabelMeasure = {
  ofLogits: (values, start, width, label) => Number(argmax(values, start, width) === label),
};
