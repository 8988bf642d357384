import type { Layer, ModelLayers } from '../model/layers';
import { filesOf, writtenBytes } from '../model/write';
import { replaceWeights } from '../operators/export/replace';
import type { Operator } from '../operators/operator';
import { needsData } from '../recipe/compress';
import { metadataOf } from '../recipe/finishedRun';
import { checkRecipe, exportOf } from '../recipe/schema';

/** What a hash is as long as. */
const HASH = '0'.repeat(64);

/**
 * Bytes of the file that `compress` writes for this recipe: nodes, headers and metadata included. The operators are
 * those that the recipe makes, so that nothing is compressed again. It is exact, but for the number of digits that
 * another version of the program has.
 */
export async function writtenSize(
  { model, main }: ModelLayers,
  operators: ReadonlyMap<Layer, Operator>,
  recipe: object,
  program: string,
): Promise<number> {
  const checked = checkRecipe(recipe);
  const choice = exportOf(checked);
  const written = await replaceWeights(model, main, operators, { choice });
  const calibration = needsData(checked) ? { sha256: HASH } : undefined;
  const metadata = metadataOf({ program, originalHash: HASH, calibration }, { ...checked, export: choice });
  return writtenBytes(filesOf(written, model.name, metadata));
}
