// What recipes need, methods and all: loaded once a model is open, as the first page is to be small.
export { openFolded } from '../engine/evaluation/foldedSession';
export { methodCalled } from '../engine/methods/registry';
export { compress, compressedName, needsData } from '../engine/recipe/compress';
export { compareAtEqualBytes } from '../engine/recipe/equalBytes';
export { previewStack } from '../engine/recipe/preview';
export { unsaidDefaults } from '../engine/recipe/resolved';
export { checkRecipe } from '../engine/recipe/schema';
export { selectLayers } from '../engine/recipe/select';
export { CalibrationShare } from './calibrationShare';
