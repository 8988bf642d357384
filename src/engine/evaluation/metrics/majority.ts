import { argmax } from './distribution';
import type { ClosenessMetric } from './metric';

/** The share of the original's most frequent answer. An agreement near it is no evidence. */
export const majority: ClosenessMetric = {
  name: 'majority',
  against: 'original',
  title: 'most frequent answer',
  fullTitle: 'share of the most frequent answer',
  note: 'Share of positions at which the original gives its most frequent answer.',
  scale: 'share',
  better: 'lower',
  smallLoss: 0,
  fits: ['choices'],
  overOutputs: 'mean',
  same: 1,
  shown: 'nowhere',
  counter() {
    // The largest of the probabilities belongs to the largest of the logits, so one reading is enough.
    const answers = new Map<number, number>();
    let counted = 0;
    return {
      add({ choices: { rows, width, logits } }) {
        counted += rows;
        for (let row = 0; row < rows; row++) {
          const answer = argmax(logits[0], row * width, width);
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
        }
      },
      get value() {
        return counted === 0 ? 1 : Math.max(...answers.values()) / counted;
      },
    };
  },
};
