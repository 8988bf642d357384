import copy from '../../../shaders/ceilings/copy.wgsl';
import fma from '../../../shaders/ceilings/fma.wgsl';
import { kernel } from './kernel';

export const CEILING_WORKGROUP = 64;

export const fmaKernel = kernel({
  name: 'fma',
  source: fma,
  uniforms: { steps: 'u32', workgroups: 'u32', factor: 'f32', term: 'f32' },
  bindings: { sums: 'read_write' },
  overrides: { workgroupSize: CEILING_WORKGROUP },
  grid: ({ workgroups }) => [workgroups, 1],
});
/** Floating-point operations of one invocation in one step: 8 chains of 4, a multiplication and an addition each. */
export const FMA_WORK = 64;

export const copyKernel = kernel({
  name: 'copy',
  source: copy,
  uniforms: { quads: 'u32', workgroups: 'u32' },
  bindings: { source: 'read', copied: 'read_write' },
  overrides: { workgroupSize: CEILING_WORKGROUP },
  grid: ({ workgroups }) => [workgroups, 1],
});

export const CEILING_KERNELS = [fmaKernel, copyKernel];
