import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadShader } from '../../../scripts/wgsl.mjs';
import { CEILING_KERNELS } from './ceilings';
import { type Kernel, labelOf, writeUniforms } from './kernel';
import { KERNELS } from './kernels';
import { DECODING_KERNELS } from './products/decodingKernels';
import { GATHER_KERNELS } from './products/gatherKernels';
import { PRODUCT_KERNELS } from './products/kernels';
import { SELECTION_KERNELS } from './selectionKernels';

const kernels: [string, Kernel][] = [
  ...KERNELS,
  ...SELECTION_KERNELS,
  ...CEILING_KERNELS,
  ...PRODUCT_KERNELS,
  ...DECODING_KERNELS,
  ...GATHER_KERNELS,
].map((kernel) => [labelOf(kernel as unknown as Kernel), kernel as unknown as Kernel]);

describe.each(kernels)('the declaration of %s', (_, kernel) => {
  it('has the uniform struct of its WGSL, field by field', () => {
    const struct = /struct Uniforms \{([^}]*)\}/.exec(kernel.source)?.[1] ?? '';
    const fields = [...struct.replace(/\/\/.*/g, '').matchAll(/(\w+)\s*:\s*(\w+)/g)].map(([, name, type]) => [
      name,
      type,
    ]);
    expect(Object.entries(kernel.uniforms)).toEqual(fields);
    expect(kernel.source).toContain('@group(0) @binding(0) var<uniform> uniforms: Uniforms;');
  });
  it('has its bindings, in order', () => {
    const found = [...kernel.source.matchAll(/@group\(0\) @binding\((\d+)\) var<storage, (\w+)> (\w+)/g)];
    const bound = found.sort(([, one], [, other]) => Number(one) - Number(other));
    expect(Object.entries(kernel.bindings)).toEqual(bound.map(([, , access, name]) => [name, access]));
    expect(bound.map(([, binding]) => Number(binding))).toEqual(bound.map((_, index) => index + 1));
  });
  it('has its overrides and one entry point', () => {
    const overrides = [...kernel.source.matchAll(/^override (\w+)/gm)].map(([, name]) => name);
    expect(Object.keys(kernel.overrides).sort()).toEqual(overrides.sort());
    expect(kernel.source.match(/@compute/g)).toHaveLength(1);
  });
  it('asks for at least one workgroup', () => {
    const ones = Object.fromEntries(Object.keys(kernel.uniforms).map((name) => [name, 1]));
    expect(Math.min(...kernel.grid(ones))).toBe(1);
  });
});

it('every entry point among the shaders is declared', () => {
  const root = join(import.meta.dirname, '../../../shaders');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.wgsl'));
  const declared = new Set(kernels.map(([, { source }]) => source));
  const missing = files.filter((file) => {
    const { source } = loadShader(join(root, file));
    return source.includes('@compute') && !declared.has(source);
  });
  expect(missing).toEqual([]);
  expect(files.length).toBeGreaterThan(30);
});

describe('writeUniforms', () => {
  it('packs u32 and f32 in order from the offset', () => {
    const view = new DataView(new ArrayBuffer(16));
    writeUniforms(view, 4, { count: 'u32', scale: 'f32' }, { count: 2 ** 32 - 1, scale: -0.5 });
    expect([view.getUint32(0, true), view.getUint32(4, true), view.getFloat32(8, true)]).toEqual([
      0,
      2 ** 32 - 1,
      -0.5,
    ]);
  });
});
