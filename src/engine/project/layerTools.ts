import type { Backend } from '../backend/backend';
import { KeptDense } from '../measure/keptDense';
import { Factorisations } from '../methods/factorisations';

/** What is kept of the layers of one model on one backend. */
export interface LayerTools {
  readonly factorisations: Factorisations;
  /** For times of the layers. */
  readonly keptDense: KeptDense;
}

/** `factorBytes`: how many bytes of factorisations are kept for the next run. */
export const makeLayerTools = (backend: Backend, factorBytes?: number): LayerTools => ({
  factorisations: new Factorisations(backend, factorBytes),
  keptDense: new KeptDense(backend),
});
