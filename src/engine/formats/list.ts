import type { Format } from './format';
import { npz } from './npz/format';
import { onnx } from './onnx/format';
import { DOCUMENTS } from './other/documents';
import { FOREIGN_MODELS } from './other/foreignModels';
import { WRAPPERS, zipArchive } from './other/wrappers';
import { recipe } from './recipe/format';

/** Every format that is recognised. The first that matches a file counts. */
export const FORMATS: readonly Format[] = [onnx, recipe, ...WRAPPERS, ...FOREIGN_MODELS, npz, zipArchive, ...DOCUMENTS];
