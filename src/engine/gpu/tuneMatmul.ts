import { MATMUL_SIDES, type MatmulSide, matmulKernels } from './kernels';
import { matmulDispatches } from './matmul';
import type { Session } from './session';

// A product below this many multiply-adds ends before a better tile could tell.
const WORTH_IT = 2 ** 24;
// The kernel's tile has 8·side rows: with fewer rows or columns most of a large one would be padding.
const NARROW = 128;

const CLASSES = {
  large: { m: 1024, n: 1024, k: 256 },
  narrow: { m: 64, n: 2048, k: 512 },
} as const;

/** The side of matmul's workgroup for a product: the usual one, or what tuning found on this adapter. */
export async function matmulSide(session: Session, m: number, n: number, k: number): Promise<MatmulSide> {
  const usual = MATMUL_SIDES[0];
  if (!session.tuning || m * n * k < WORTH_IT) return usual;
  const shapeClass = Math.min(m, n) < NARROW ? 'narrow' : 'large';
  const shape = CLASSES[shapeClass];
  const side = await session.tuning.choose({
    kernel: 'matmul',
    shapeClass,
    variants: MATMUL_SIDES.map(String),
    run: (variant) => runOnce(session, shape, Number(variant) as MatmulSide),
  });
  return Number(side) as MatmulSide;
}

async function runOnce(session: Session, shape: { m: number; n: number; k: number }, side: MatmulSide): Promise<void> {
  const { dispatcher, buffers, productPace } = session;
  const { m, n, k } = shape;
  await dispatcher.pipelines.prepare(matmulKernels[side]);
  const held = [m * k, k * n, m * n].map((length) => buffers.create(length, 'tuning'));
  try {
    const [a, b, c] = held as [GPUBuffer, GPUBuffer, GPUBuffer];
    await dispatcher.runPaced(matmulDispatches({ ...shape, a, b, c, side }, productPace), productPace);
  } finally {
    buffers.free(...held);
  }
}
