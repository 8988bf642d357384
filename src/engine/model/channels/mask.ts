import { type Model, readBytes } from '../model';
import { Rewrite } from '../rewrite';
import { bytesOf, dimsOf, elementsOf } from '../tensors';
import type { Cut } from './cut';
import type { Flow } from './graph';
import { entriesOf } from './groups';

/**
 * The uncut model in which nobody reads the units that are to go: their columns are zero in every layer that takes them.
 * It computes what the cut one has to.
 */
export async function maskChannels(model: Model, flow: Flow, cuts: readonly Cut[]): Promise<Model> {
  const rewrite = new Rewrite(model, flow.scope);
  for (const { group, kept } of cuts) {
    for (const layer of group.consumers) {
      const { tensor, stored, shape } = layer;
      const dims = dimsOf(tensor);
      const bytes = (await readBytes(model, tensor)).slice();
      const axis = stored === 'transposed' ? 0 : 1;
      const run = dims.slice(axis + 1).reduce((all, size) => all * size, bytesOf(tensor) / elementsOf(tensor));
      const stay = new Set(entriesOf(kept, group.units, shape[1]!));
      for (let at = 0; at * run < bytes.length; at++) {
        if (!stay.has(at % dims[axis]!)) bytes.fill(0, at * run, (at + 1) * run);
      }
      rewrite.replaceConstant(layer, dims, bytes);
    }
  }
  return rewrite.finish();
}
