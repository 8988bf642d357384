import type { Device } from './device';
import type { PacedCall } from './dispatcher';
import { TILE_VARIANTS, usesSubgroups, VECTOR_VARIANTS } from './kernels';
import { kindOf, matmulDispatches, matmulKernelsFor, type Product } from './matmul';
import { ShaderError } from './pipelines';
import type { Session } from './session';
import { subgroupVariants, usualVariants, type Variants } from './variants';

// Smaller products end before a better variant could matter.
const WORTH_IT = 2 ** 24;
const VECTOR_WORTH_IT = 2 ** 20;
// With fewer rows or columns most of a large tile would be padding.
const NARROW = 128;

// Transposed operands lie along depth: neighbouring k are neighbours in memory.
const CLASSES = {
  large: { m: 1024, n: 1024, k: 256, transposeB: false },
  'large along depth': { m: 1024, n: 1024, k: 256, transposeB: true },
  narrow: { m: 64, n: 2048, k: 512, transposeB: false },
  'narrow along depth': { m: 64, n: 2048, k: 512, transposeB: true },
  'few along columns': { m: 8, n: 2048, k: 2048, transposeB: false },
  'few along depth': { m: 8, n: 2048, k: 2048, transposeB: true },
  'along columns': { m: 1, n: 2048, k: 2048, transposeB: false },
  'along depth': { m: 1, n: 2048, k: 2048, transposeB: true },
} as const;
type ShapeClass = keyof typeof CLASSES;

/** What tuning calls the kernels of each kind. */
const KERNEL = { matmul: 'matmul', tile: 'matmul tile', few: 'matmul few', vector: 'matmul vector' } as const;
type Kind = keyof typeof KERNEL;

/** The variants of a kind that this adapter can run, the usual one first. */
function offered<K extends Kind>(kind: K, device: Pick<Device, 'software' | 'subgroups'>): Variants[K][] {
  const all = {
    matmul: [...TILE_VARIANTS, ...subgroupVariants(device.subgroups)],
    tile: TILE_VARIANTS,
    few: [...VECTOR_VARIANTS, ...subgroupVariants(device.subgroups)],
    vector: VECTOR_VARIANTS,
  };
  return [...new Set([usualVariants(device)[kind], ...(all[kind] as Variants[K][])])];
}

function classOf(product: Product): ShapeClass {
  const { m, n, transposeA, transposeB } = product;
  const kind = kindOf(product);
  if (kind === 'matmul') {
    const size = Math.min(m, n) < NARROW ? 'narrow' : 'large';
    return transposeB ? `${size} along depth` : size;
  }
  const direction = (m <= n ? transposeB : !transposeA) ? 'along depth' : 'along columns';
  return kind === 'few' ? `few ${direction}` : direction;
}

/** The variants for a product: the usual ones, or what tuning found on this adapter. */
async function matmulVariants(session: Session, product: Product): Promise<Variants> {
  const usual = usualVariants(session.device);
  const kind = kindOf(product);
  const { m, n, k } = product;
  if (!session.tuning || m * n * k < (kind === 'matmul' ? WORTH_IT : VECTOR_WORTH_IT)) return usual;
  return { ...usual, [kind]: await choose(session, kind, classOf(product)) };
}

/** The variants for large products with transposed weights. */
export async function tunedMatmul(session: Session): Promise<Pick<Variants, Kind>> {
  const matmul = await choose(session, 'matmul', 'large along depth');
  return {
    matmul,
    tile: usesSubgroups(matmul) ? await choose(session, 'tile', 'large along depth') : matmul,
    few: await choose(session, 'few', 'few along depth'),
    vector: await choose(session, 'vector', 'along depth'),
  };
}

async function choose<K extends Kind>(session: Session, kind: K, shapeClass: ShapeClass): Promise<Variants[K]> {
  const usual = usualVariants(session.device);
  // Tiles are timed with the product of numbers, which uses the same library.
  const timed = kind === 'tile' ? 'matmul' : kind;
  const chosen = await session.tuning!.choose({
    kernel: KERNEL[kind],
    shapeClass,
    variants: offered(kind, session.device),
    run: (variant) => runOnce(session, CLASSES[shapeClass], { ...usual, [timed]: variant }),
  });
  return chosen;
}

async function runOnce(session: Session, shape: (typeof CLASSES)[ShapeClass], variants: Variants) {
  const { buffers, dispatcher } = session;
  const { m, n, k } = shape;
  await dispatcher.pipelines.prepare(...matmulKernelsFor(shape, variants));
  const held = [m * k, k * n, m * n].map((length) => buffers.create(length, 'tuning'));
  try {
    const [a, b, c] = held as [GPUBuffer, GPUBuffer, GPUBuffer];
    await run(session, { ...shape, a, b, c }, variants);
  } finally {
    buffers.free(...held);
  }
}

async function run({ dispatcher, productPace }: Session, product: Product, variants: Variants, call?: PacedCall) {
  await dispatcher.runPaced(matmulDispatches(product, variants, productPace), productPace, call);
}

/**
 * Compiles these variants. Where the driver refuses the variant that the product uses, takes the next one that it does
 * not refuse.
 */
async function compiled({ device, dispatcher }: Session, product: Product, wanted: Variants): Promise<Variants> {
  const kind = kindOf(product);
  let refusal: ShaderError | undefined;
  for (const variant of new Set<string>([wanted[kind], ...offered(kind, device)])) {
    const variants = { ...wanted, [kind]: variant };
    try {
      await dispatcher.pipelines.prepare(...matmulKernelsFor(product, variants));
      return variants;
    } catch (error) {
      if (!(error instanceof ShaderError)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/** Computes a product with the variants that suit it. */
export async function runProduct(session: Session, product: Product, call?: PacedCall): Promise<void> {
  const variants = await compiled(session, product, await matmulVariants(session, product));
  await run(session, product, variants, call);
}
