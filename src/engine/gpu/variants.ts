import type { Device } from './device';
import type { PacedCall } from './dispatcher';
import {
  type FewVariant,
  type MatmulVariant,
  SUBGROUP_TILES,
  SUBGROUP_VARIANTS,
  type SubgroupVariant,
  TILE_VARIANTS,
  type TileVariant,
  usesSubgroups,
  VECTOR_VARIANTS,
  type VectorVariant,
} from './kernels';
import { kindOf, matmulDispatches, matmulKernelsFor, type Product } from './matmul';
import { ShaderError } from './pipelines';
import type { RowSlices } from './products/kernels';
import type { Session } from './session';

/** Which variants of the kernels to use. Tiles all give the same bits; the others to rounding, as they slice sums. */
export interface Variants {
  /** Of products of numbers. */
  readonly matmul: MatmulVariant;
  /** Of other tiles of numbers. */
  readonly tile: TileVariant;
  /** Of products of many tokens with weights that are decoded: once a tile, or once, into memory. */
  readonly decoding: TileVariant | 'unpacked';
  /** Of products of numbers with 2 to 8 rows or columns. */
  readonly few: FewVariant;
  /** … with one. */
  readonly vector: VectorVariant;
  /** Of products of few tokens with weights that are decoded, or stored as entries: how many invocations share a row. */
  readonly rowSlices: RowSlices;
}

/**
 * The variants with subgroups that suit an adapter: a workgroup of at least one subgroup, so that no lane idles, and of few.
 * The largest workgroup stands for subgroups of 64 and 128.
 */
export function subgroupVariants(subgroups: Device['subgroups']): SubgroupVariant[] {
  if (!subgroups) return [];
  const { least, most } = subgroups;
  return SUBGROUP_VARIANTS.filter((variant) => {
    const { lanes } = SUBGROUP_TILES[variant];
    return lanes >= Math.min(least, 64) && lanes < 4 * most;
  });
}

/**
 * What is used where nothing was timed. A software adapter keeps what lives across a barrier in memory: SwiftShader took
 * 256³ in 20 ms staged and 11 ms direct, [1, 512]·[512, 512] in 2.0 ms with 16 slices and 0.9 ms with one, and with
 * weights of 4 bits in 4.5 and 2.7 ms. Where its subgroups are of 8 or more, a shuffle is cheaper than the reads it saves:
 * `bench/results/subgroups.json`.
 */
export function usualVariants({ software, subgroups }: Pick<Device, 'software' | 'subgroups'>): Variants {
  if (!software) {
    const [tile, vector] = ['staged 8', '4×16'] as const;
    return { matmul: tile, tile, decoding: tile, few: vector, vector, rowSlices: 16 };
  }
  const [shuffled] = subgroups && subgroups.least >= 8 ? subgroupVariants(subgroups) : [];
  const [tile, vector] = ['direct 4', '32×1'] as const;
  const products = { matmul: shuffled ?? tile, few: shuffled ?? vector };
  return { ...products, tile, decoding: 'unpacked', vector, rowSlices: 1 };
}

// A product below this many multiply-adds ends before a better variant could tell.
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
  // Tiles are timed by the product that they share their library with.
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

/** These variants, compiled; where the driver refuses the one that the product takes, the next that it does not. */
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
