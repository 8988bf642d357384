import type { QuantizedArrays } from '../../backend/weights';
import { ROW_SLICES, TILE_VARIANTS } from '../kernels';
import { tunedMatmul } from '../runProduct';
import type { Session } from '../session';
import { usualVariants, type Variants } from '../variants';
import { prepare } from './prepare';

// Large enough to fill an adapter, small enough to be timed some twelve times each.
const N = 1024;
const MANY_TOKENS = 64;

/** The variants for products with weights [rows, columns]: the usual ones, or what tuning found on this adapter. */
export async function tunedVariants(session: Session): Promise<Variants> {
  const usual = usualVariants(session.device);
  const { tuning } = session;
  if (!tuning) return usual;
  const first = <T>(own: T, declared: readonly T[]) => [own, ...declared.filter((variant) => variant !== own)];
  const matmul = await tunedMatmul(session);
  const slices = await tuning.choose({
    kernel: 'row product',
    shapeClass: '1 token',
    variants: first(usual.rowSlices, ROW_SLICES).map(String),
    run: (variant) => multiplyOnce(session, 1, { ...usual, rowSlices: Number(variant) as Variants['rowSlices'] }),
  });
  const decoding = await tuning.choose({
    kernel: 'decoding product',
    shapeClass: `${MANY_TOKENS} tokens`,
    variants: first<Variants['decoding']>(usual.decoding, [...TILE_VARIANTS, 'unpacked']),
    run: (variant) => multiplyOnce(session, MANY_TOKENS, { ...usual, ...matmul, decoding: variant }),
  });
  return { ...matmul, rowSlices: Number(slices) as Variants['rowSlices'], decoding };
}

/** A product with a weight of 4 bits, whose values do not matter. */
async function multiplyOnce(session: Session, tokens: number, variants: Variants): Promise<void> {
  const { buffers, dispatcher, productPace: pace, panelBytes } = session;
  const product = await prepare(
    { buffers, dispatcher, pace, panelBytes, variants },
    { prepare: async (on) => on.quantized(zeros) },
  );
  const x = buffers.create(tokens * N, 'tuning');
  try {
    buffers.free(await product.apply(x, tokens));
  } finally {
    product.free();
    buffers.free(x);
  }
}

const zeros: QuantizedArrays = {
  rows: N,
  columns: N,
  bits: 4,
  blockSize: 32,
  codes: new Uint8Array((N * N) / 2),
  scales: new Float32Array((N * N) / 32),
};
