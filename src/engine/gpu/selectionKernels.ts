import digits from '../../../shaders/select/digits.wgsl';
import groupMask from '../../../shaders/select/groupMask.wgsl';
import mask from '../../../shaders/select/mask.wgsl';
import rowThresholds from '../../../shaders/select/rowThresholds.wgsl';
import ties from '../../../shaders/select/ties.wgsl';
import { kernel } from './kernel';

const WORKGROUP = 64;

export const digitsKernel = kernel({
  name: 'digits',
  source: digits,
  uniforms: { first: 'u32', last: 'u32', prefix: 'u32', prefixMask: 'u32', shift: 'u32', workgroups: 'u32' },
  bindings: { values: 'read', counts: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ workgroups }) => [workgroups, 1],
});

export const rowThresholdsKernel = kernel({
  name: 'rowThresholds',
  source: rowThresholds,
  uniforms: { columns: 'u32', keep: 'u32', firstRow: 'u32', rows: 'u32' },
  bindings: { values: 'read', thresholds: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ rows }) => [rows, 1],
});

export const tiesKernel = kernel({
  name: 'ties',
  source: ties,
  uniforms: { length: 'u32', columns: 'u32', threshold: 'u32', firstRow: 'u32', rows: 'u32' },
  bindings: { values: 'read', counts: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ rows }) => [rows, 1],
});

export const maskKernel = kernel({
  name: 'mask',
  source: mask,
  uniforms: { length: 'u32', columns: 'u32', firstRow: 'u32', rows: 'u32' },
  bindings: { values: 'read', thresholds: 'read', mask: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ rows }) => [rows, 1],
});

export const groupMaskKernel = kernel({
  name: 'groupMask',
  source: groupMask,
  uniforms: { columns: 'u32', size: 'u32', keep: 'u32', firstRow: 'u32', rows: 'u32' },
  bindings: { values: 'read', mask: 'read_write' },
  overrides: { workgroupSize: WORKGROUP },
  grid: ({ columns, rows }) => [Math.ceil(columns / 32 / WORKGROUP), rows],
});

export const SELECTION_KERNELS = [digitsKernel, rowThresholdsKernel, tiesKernel, maskKernel, groupMaskKernel];
