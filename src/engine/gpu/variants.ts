import type { PacedCall } from './dispatcher';
import { TILE_VARIANTS, type TileVariant, VECTOR_VARIANTS, type VectorVariant } from './kernels';
import { MOST_VECTORS, matmulDispatches, matmulKernelsFor, type Product } from './matmul';
import type { RowSlices } from './products/kernels';
import type { Session } from './session';

/** Which variants of the kernels to use. Tiles all give the same bits; the others to rounding, as they slice sums. */
export interface Variants {
  /** Of tiles of numbers. */
  readonly tile: TileVariant;
  /** Of products of many tokens with weights that are decoded: once a tile, or once, into memory. */
  readonly decoding: TileVariant | 'unpacked';
  /** Of products with few rows. */
  readonly vector: VectorVariant;
  /** Of products of few tokens with weights that are decoded, or stored as entries: how many invocations share a row. */
  readonly rowSlices: RowSlices;
}

/**
 * What is used where nothing was timed. A software adapter keeps what lives across a barrier in memory: SwiftShader took
 * 256³ in 20 ms staged and 11 ms direct, [1, 512]·[512, 512] in 2.0 ms with 16 slices and 0.9 ms with one, and with
 * weights of 4 bits in 4.5 and 2.7 ms.
 */
export const usualVariants = ({ software }: { readonly software: boolean }): Variants =>
  software
    ? { tile: 'direct 4', decoding: 'unpacked', vector: '32×1', rowSlices: 1 }
    : { tile: 'staged 8', decoding: 'staged 8', vector: '4×16', rowSlices: 16 };

// A product below this many multiply-adds ends before a better variant could tell.
const WORTH_IT = 2 ** 24;
const VECTOR_WORTH_IT = 2 ** 20;
// With fewer rows or columns most of a large tile would be padding.
const NARROW = 128;

const CLASSES = {
  large: { m: 1024, n: 1024, k: 256 },
  narrow: { m: 64, n: 2048, k: 512 },
  'along columns': { m: 1, n: 2048, k: 2048 },
  'along depth': { m: 1, n: 2048, k: 2048, transposeB: true },
} as const;

/** The variants for a product: the usual ones, or what tuning found on this adapter. */
async function matmulVariants(
  session: Session,
  { m, n, k, transposeA, transposeB }: Pick<Product, 'm' | 'n' | 'k' | 'transposeA' | 'transposeB'>,
): Promise<Variants> {
  const usual = usualVariants(session.device);
  if (!session.tuning) return usual;
  if (Math.min(m, n) <= MOST_VECTORS) {
    if (m * n * k < VECTOR_WORTH_IT) return usual;
    const alongDepth = m <= n ? transposeB : !transposeA;
    return { ...usual, vector: await choose(session, 'vector', alongDepth ? 'along depth' : 'along columns') };
  }
  if (m * n * k < WORTH_IT) return usual;
  return { ...usual, tile: await choose(session, 'tile', Math.min(m, n) < NARROW ? 'narrow' : 'large') };
}

/** The variants of matmul for large products with transposed weights. */
export async function tunedMatmul(session: Session): Promise<Pick<Variants, 'tile' | 'vector'>> {
  const tile = await choose(session, 'tile', 'large');
  return { tile, vector: await choose(session, 'vector', 'along depth') };
}

async function choose<K extends 'tile' | 'vector'>(session: Session, kind: K, shapeClass: keyof typeof CLASSES) {
  const usual = usualVariants(session.device);
  const declared: readonly string[] = kind === 'tile' ? TILE_VARIANTS : VECTOR_VARIANTS;
  const chosen = await session.tuning!.choose({
    kernel: `matmul ${kind}`,
    shapeClass,
    variants: [usual[kind], ...declared.filter((variant) => variant !== usual[kind])],
    run: (variant) => runOnce(session, CLASSES[shapeClass], { ...usual, [kind]: variant } as Variants),
  });
  return chosen as Variants[K];
}

async function runOnce(session: Session, shape: (typeof CLASSES)[keyof typeof CLASSES], variants: Variants) {
  const { buffers } = session;
  const { m, n, k } = shape;
  const held = [m * k, k * n, m * n].map((length) => buffers.create(length, 'tuning'));
  try {
    const [a, b, c] = held as [GPUBuffer, GPUBuffer, GPUBuffer];
    await run(session, { ...shape, a, b, c }, variants);
  } finally {
    buffers.free(...held);
  }
}

async function run({ dispatcher, productPace }: Session, product: Product, variants: Variants, call?: PacedCall) {
  await dispatcher.pipelines.prepare(...matmulKernelsFor(product, variants));
  await dispatcher.runPaced(matmulDispatches(product, variants, productPace), productPace, call);
}

/** Computes a product with the variants that suit it. */
export async function runProduct(session: Session, product: Product, call?: PacedCall): Promise<void> {
  await run(session, product, await matmulVariants(session, product), call);
}
