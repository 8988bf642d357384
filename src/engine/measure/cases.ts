import { seeded } from '../core/random';
import { CEILING_WORKGROUP, copyKernel, FMA_WORK, fmaKernel } from '../gpu/ceilings';
import { dispatch } from '../gpu/dispatcher';
import { matmulDispatches, matmulKernelsFor } from '../gpu/matmul';
import { prepare } from '../gpu/products/prepare';
import { digitsKernel, groupMaskKernel } from '../gpu/selectionKernels';
import type { Session } from '../gpu/session';
import type { Variants } from '../gpu/variants';
import { denseOf } from '../operators/dense/dense';
import type { Case } from './case';
import type { SparsitySizes } from './sparsity';

export interface Sizes {
  /** n of the square products. */
  readonly products: readonly number[];
  /** n of the [1, n]·[n, n] products. */
  readonly vectors: readonly number[];
  /** Values that memory-bound kernels read. */
  readonly values: number;
  /** Steps of the chains that measure arithmetic. */
  readonly steps: number;
  readonly sparsity: SparsitySizes;
}

const FMA_WORKGROUPS = 2048;
const COPY_WORKGROUPS = 2048;

/** The ceilings: arithmetic, then memory. */
export function ceilingCases({ buffers }: Session, { values, steps }: Sizes): [Case, Case] {
  const invocations = FMA_WORKGROUPS * CEILING_WORKGROUP;
  const sums = buffers.create(invocations, 'the sums of a measurement');
  const [source, copied] = [0, 1].map(() => buffers.create(values, 'a measurement')) as [GPUBuffer, GPUBuffer];
  const quads = values / 4;
  const workgroups = Math.min(COPY_WORKGROUPS, Math.ceil(quads / CEILING_WORKGROUP));
  const flops = FMA_WORK * steps * invocations;
  return [
    {
      name: 'fused multiply-adds',
      shape: `${invocations} × ${steps}`,
      flops,
      bytes: 4 * invocations,
      // A factor below 1, so that the chains stay finite.
      dispatches: () => [
        dispatch(fmaKernel, { steps, workgroups: FMA_WORKGROUPS, factor: 0.999, term: 0.5 }, [sums], flops),
      ],
      free: () => buffers.free(sums),
    },
    {
      name: 'copy',
      shape: `${values} values`,
      flops: 0,
      bytes: 8 * values,
      dispatches: () => [dispatch(copyKernel, { quads, workgroups }, [source, copied], values)],
      free: () => buffers.free(source, copied),
    },
  ];
}

/** The engine's kernels, each at sizes that layers have. */
export async function kernelCases(session: Session, variants: Variants, sizes: Sizes): Promise<Case[]> {
  const { dispatcher } = session;
  for (const n of sizes.products) await dispatcher.pipelines.prepare(...matmulKernelsFor({ m: n, n }, variants));
  await dispatcher.pipelines.prepare(digitsKernel);
  await dispatcher.pipelines.prepare(groupMaskKernel);
  return [
    ...sizes.products.map((n) => productCase(session, variants, n)),
    ...(await Promise.all(sizes.vectors.map((n) => vectorCase(session, variants, n)))),
    ...selectionCases(session, sizes.values),
  ];
}

function productCase({ buffers, productPace }: Session, variants: Variants, n: number): Case {
  const [a, b] = [randomBuffer(buffers, n * n), randomBuffer(buffers, n * n)];
  const c = buffers.create(n * n, 'a measurement');
  return {
    name: 'dense product',
    shape: `[${n}, ${n}]·[${n}, ${n}]`,
    flops: 2 * n ** 3,
    bytes: 12 * n * n,
    dispatches: () => [...matmulDispatches({ m: n, n, k: n, a, b, c }, variants, productPace)],
    free: () => buffers.free(a, b, c),
  };
}

async function vectorCase(
  { buffers, dispatcher, productPace: pace, panelBytes }: Session,
  variants: Variants,
  n: number,
): Promise<Case> {
  const random = seeded(n);
  const values = Float32Array.from({ length: n * n }, () => random.normal());
  const weight = await prepare({ buffers, dispatcher, pace, variants, panelBytes }, denseOf([n, n], 'float32', values));
  const x = randomBuffer(buffers, n);
  const y = buffers.create(n, 'a measurement');
  const held: GPUBuffer[] = [];
  const scratch = (length: number) => {
    const buffer = buffers.create(length, 'a measurement');
    held.push(buffer);
    return buffer;
  };
  return {
    name: 'dense product of one token',
    shape: `[1, ${n}]·[${n}, ${n}]`,
    flops: 2 * n * n,
    bytes: 4 * n * n + 8 * n,
    dispatches: () => [...weight.steps({ x, y, tokens: 1, accumulate: false }, scratch, pace)],
    free: () => {
      weight.free();
      buffers.free(x, y, ...held);
    },
  };
}

function selectionCases({ buffers }: Session, length: number): Case[] {
  const source = randomBuffer(buffers, length);
  const [counts, mask] = [2048, length / 32].map((size) => buffers.create(size, 'a measurement'));
  const columns = 4096;
  const rows = length / columns;
  const shape = `${length} values`;
  const one = { flops: 0, shape, free: () => undefined };
  return [
    {
      ...one,
      name: 'selection, one digit',
      bytes: 4 * length,
      dispatches: () => [
        dispatch(
          digitsKernel,
          { first: 0, last: length, prefix: 0, prefixMask: 0, shift: 20, workgroups: 256 },
          [source, counts!],
          length,
        ),
      ],
    },
    {
      ...one,
      name: '2:4 mask',
      bytes: 4 * length + length / 8,
      dispatches: () => [
        dispatch(groupMaskKernel, { columns, size: 4, keep: 2, firstRow: 0, rows }, [source, mask!], length),
      ],
      free: () => buffers.free(source, counts!, mask!),
    },
  ];
}

function randomBuffer(buffers: Session['buffers'], length: number): GPUBuffer {
  const random = seeded(length);
  return buffers.upload(
    Float32Array.from({ length }, () => random.uniform() - 0.5),
    'a measurement',
  );
}
