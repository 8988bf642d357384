import codebookTile from '../../../../shaders/quantize/codebookTile.wgsl';
import codebookVector from '../../../../shaders/quantize/codebookVector.wgsl';
import dequantize from '../../../../shaders/quantize/dequantize.wgsl';
import lookUp from '../../../../shaders/quantize/lookUp.wgsl';
import quantizedTile from '../../../../shaders/quantize/quantizedTile.wgsl';
import quantizedVector from '../../../../shaders/quantize/quantizedVector.wgsl';
import sharedTile from '../../../../shaders/share/sharedTile.wgsl';
import sharedVector from '../../../../shaders/share/sharedVector.wgsl';
import unshare from '../../../../shaders/share/unshare.wgsl';
import { anyKernel, kernel } from '../kernel';
import { byTile, TILES } from '../kernels';
import { byRow, tileFields, tileGrid, unpackFields, unpackGrid, vectorFields } from './kernelParts';

const quantizedFields = { wordsPerRow: 'u32', blocks: 'u32', blockShift: 'u32', zeroPointBytes: 'u32' } as const;
const quantizedStored = { codes: 'read', scales: 'read', zeroPoints: 'read' } as const;
const quantizedBindings = { x: 'read', ...quantizedStored, y: 'read_write' } as const;

/** The kernels for each number of bits. */
export const quantizedKernels = new Map(
  ([2, 4, 8] as const).map((bits) => {
    const vector = byRow((overrides, grid) =>
      kernel({
        name: 'quantizedVector',
        source: quantizedVector,
        uniforms: { ...vectorFields, ...quantizedFields },
        bindings: quantizedBindings,
        // A word of codes serves one invocation, which then keeps it in a register.
        overrides: { ...overrides, quadsPerLane: 8 / bits, bits },
        grid,
      }),
    );
    const tile = byTile((variant) =>
      kernel({
        name: 'quantizedTile',
        source: quantizedTile,
        uniforms: { ...tileFields, ...quantizedFields },
        bindings: quantizedBindings,
        overrides: { ...TILES[variant], bits },
        grid: tileGrid(variant),
      }),
    );
    const dense = kernel({
      name: 'dequantize',
      source: dequantize,
      uniforms: { ...unpackFields, ...quantizedFields },
      bindings: { ...quantizedStored, dense: 'read_write' },
      overrides: { bits },
      grid: unpackGrid(4),
    });
    return [bits, { vector, tile, dense }] as const;
  }),
);

const codebookFields = { wordsPerRow: 'u32' } as const;
const codebookStored = { codes: 'read', table: 'read' } as const;
const codebookBindings = { x: 'read', ...codebookStored, y: 'read_write' } as const;

/** The kernels for each number of bits. */
export const codebookKernels = new Map(
  ([1, 2, 4, 8] as const).map((bits) => {
    const vector = byRow((overrides, grid) =>
      kernel({
        name: 'codebookVector',
        source: codebookVector,
        uniforms: { ...vectorFields, ...codebookFields },
        bindings: codebookBindings,
        // As for quantised weights: a word of codes serves one invocation.
        overrides: { ...overrides, quadsPerLane: 8 / bits, bits },
        grid,
      }),
    );
    const tile = byTile((variant) =>
      kernel({
        name: 'codebookTile',
        source: codebookTile,
        uniforms: { ...tileFields, ...codebookFields },
        bindings: codebookBindings,
        overrides: { ...TILES[variant], bits },
        grid: tileGrid(variant),
      }),
    );
    const dense = kernel({
      name: 'lookUp',
      source: lookUp,
      uniforms: { ...unpackFields, ...codebookFields },
      bindings: { ...codebookStored, dense: 'read_write' },
      overrides: { bits },
      grid: unpackGrid(4),
    });
    return [bits, { vector, tile, dense }] as const;
  }),
);

const slotFields = {
  slotCount: 'u32',
  run: 'u32',
  hashA: 'u32',
  hashB: 'u32',
  hashC: 'u32',
} as const;
const slotBindings = { x: 'read', slots: 'read', y: 'read_write' } as const;

export const sharedVectorKernels = byRow((overrides, grid) =>
  kernel({
    name: 'sharedVector',
    source: sharedVector,
    uniforms: { ...vectorFields, columns: 'u32', ...slotFields },
    bindings: slotBindings,
    overrides: { ...overrides, quadsPerLane: 1 },
    grid,
  }),
);

export const sharedTileKernels = byTile((variant) =>
  kernel({
    name: 'sharedTile',
    source: sharedTile,
    uniforms: { ...tileFields, ...slotFields },
    bindings: slotBindings,
    overrides: TILES[variant],
    grid: tileGrid(variant),
  }),
);

export const unshareKernel = kernel({
  name: 'unshare',
  source: unshare,
  uniforms: { ...unpackFields, ...slotFields },
  bindings: { slots: 'read', dense: 'read_write' },
  overrides: {},
  grid: unpackGrid(1),
});

/** Every kernel of this file, for the test that holds each declaration against its WGSL. */
export const DECODING_KERNELS = [
  ...[...quantizedKernels.values(), ...codebookKernels.values()].flatMap(({ vector, tile, dense }) => [
    dense,
    ...[...vector.values()].flat(),
    ...Object.values(tile),
  ]),
  ...[...sharedVectorKernels.values()].flat(),
  ...Object.values(sharedTileKernels),
  unshareKernel,
].map(anyKernel);
