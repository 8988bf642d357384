/** What the page loads together with a model: the methods, and the plans of their steps, so that sliders answer at once. */

export { controlsOf, initialOptions, initialValue } from '../methods/options';
export { getMethod, methods } from '../methods/registry';
export { kindOfOperator } from '../model/layerOperators/roles';
export { plannedDense } from '../operators/dense/dense';
export { exportedMultiplyAdds } from '../operators/export/exported';
export { graphOverheadBytes } from '../operators/export/graphOverhead';
export { isDense } from '../operators/operator';
export { planStack } from '../recipe/plan';
export { resolvedRecipe } from '../recipe/resolved';
export { checkRecipe } from '../recipe/schema';
export { valueWithin } from '../recipe/sizing';
export { csvOf } from '../sensitivity/csv';
export { sensitivityLines } from '../sensitivity/sweep';
