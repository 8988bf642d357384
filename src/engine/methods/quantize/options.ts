import { z } from 'zod';
import { choice, toggle } from '../options';

const rounding = choice(['nearest', 'gptq', 'awq'], {
  title: 'Rounding',
  help: 'how codes are chosen; gptq and awq look at the inputs of the calibration data',
  labels: { nearest: 'To nearest', gptq: 'GPTQ', awq: 'AWQ' },
});

export const quantizeOptions = z
  .strictObject({
    bits: choice([8, 4, 2], { title: 'Bits', help: 'bits of a code' }).default(4),
    groupSize: choice([0, 16, 32, 64, 128, 256], {
      title: 'Group',
      help: 'weights of a row that share a scale; 0: the whole row',
      labels: { 0: 'Whole row' },
      when: { activations: ['none'] },
    }).default(32),
    symmetric: toggle({
      title: 'Symmetric',
      help: 'codes around zero, without zero points; by default at 8 bits only',
      when: { activations: ['none'] },
    }).optional(),
    rounding: rounding.default('nearest'),
    activations: choice(['none', 'dynamic', 'outliers'], {
      title: 'Inputs',
      help: 'what the weight is applied to: as it is, in 8 bits as well, or so but for channels with outliers',
      labels: { none: 'As they are', dynamic: 'In 8 bits', outliers: 'In 8 bits but for outliers' },
      when: { bits: [8] },
    }).default('none'),
    threshold: z
      .number('must be a number above 0')
      .positive('must be a number above 0')
      .meta({
        control: {
          title: 'Outlier',
          help: 'input channels that exceed it on the calibration data stay as they are',
          when: { activations: ['outliers'] },
        },
      })
      .default(6),
  })
  .refine(({ activations, bits }) => activations === 'none' || bits === 8, {
    message: 'must be 8 where inputs are quantised too (activations dynamic or outliers)',
    path: ['bits'],
  });

export type QuantizeOptions = z.infer<typeof quantizeOptions>;
