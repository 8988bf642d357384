import { afterAll, beforeAll } from 'vitest';
import type { Backend } from '../backend/backend';
import { productsSuite } from './products.suite';
import { qrSuite } from './qr.suite';
import { svdSuite } from './svd.suite';
import { tensorTrainSuite } from './tensorTrain.suite';
import { truncatedSvdSuite } from './truncatedSvd.suite';
import { tucker2Suite } from './tucker2.suite';

/**
 * Tests that every backend must pass, on matrices whose singular values are known. Tolerances:
 * - orthogonality 2e−5: entries of J·Jᵀ after the polish; float32 sums of some hundred terms stay well below.
 * - singular values 2e−6·σ₁: rounding the planted matrix to float32 moves them by up to 3e−8·√(mn)/σ₁, the product that
 *   they are read from by a few roundoffs more.
 * - error at a rank ≤ 1.0005·optimum + 3e−7·√k: a nearly optimal subspace, and float32 factors.
 * - predicted against measured: 1e−3 relative, 1e−6 absolute (a few roundoffs of float32).
 */
export function linalgSuite(open: () => Promise<Backend>): void {
  let opened: Backend;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.dispose());
  const backend = () => opened;
  productsSuite(backend);
  svdSuite(backend);
  qrSuite(backend);
  truncatedSvdSuite(backend);
  tucker2Suite(backend);
  tensorTrainSuite(backend);
}
