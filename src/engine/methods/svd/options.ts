import { z } from 'zod';
import { choice, exactlyOne, share, whole } from '../options';
import { WHITENINGS } from '../whitening';

const budgets = ['rank', 'energy', 'error', 'size'] as const;
const group = 'budget';

export const svdOptions = z
  .strictObject({
    rank: whole(1, undefined, { title: 'Rank', help: 'directions kept', group }).optional(),
    energy: share({
      title: 'Energy',
      help: 'the kept share of σ²',
      group,
      logarithmic: 'toOne',
      range: [0.05, 0.9999],
      initial: 0.95,
    }).optional(),
    error: share({
      title: 'Error',
      help: 'a relative error',
      group,
      logarithmic: true,
      range: [0.001, 1],
      initial: 0.1,
    }).optional(),
    size: share({ title: 'Size', help: 'stored bytes after over before', group, initial: 0.5 }).optional(),
    whiten: choice(WHITENINGS, {
      title: 'Minimise error of',
      help: 'the error that is minimised, and that energy and error count; outputs need calibration data: diagonal takes each input by itself, full takes all pairs of inputs',
      labels: { none: 'weights', diagonal: 'outputs (diagonal)', full: 'outputs (full)' },
    }).default('none'),
  })
  .refine(...exactlyOne<Partial<Record<(typeof budgets)[number], number>>>(budgets));

export type SvdOptions = z.input<typeof svdOptions>;

export const isWhitened = ({ whiten = 'none' }: SvdOptions): boolean => whiten !== 'none';
