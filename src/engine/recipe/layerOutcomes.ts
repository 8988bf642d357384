import { type Model, storedBytes } from '../model/model';
import { type ExportChoice, residentBytes } from '../operators/export/choice';
import { consumptionOf } from '../operators/export/subgraph';
import type { CompressedLayerReport, ErrorReport, SkippedLayerReport } from './report';
import { DROPPED, isDropped, type LayerProgress } from './runner/layerProgress';

/** The report of a layer that was changed. */
export function reportOf(
  one: LayerProgress,
  outputError: ErrorReport | undefined,
  choice: ExportChoice,
  estimatedLoad: number,
): CompressedLayerReport {
  const { layer, before, weight, operator, steps, ms } = one;
  return {
    name: layer.name,
    form: operator !== weight ? operator.form : isDropped(one) ? DROPPED : `cut to ${layer.shape.join('×')}`,
    outputs: weight.shape[0]!,
    // The errors of the steps are nearly orthogonal: what a truncation drops to what it keeps, rounding to everything.
    weightError: { predicted: Math.hypot(...steps.map(({ added }) => added)), measured: steps.at(-1)!.error },
    ...(outputError && { outputError }),
    bytesBefore: before.bytes,
    bytesAfter: operator.bytes,
    parametersBefore: before.parameters,
    parametersAfter: operator.parameters,
    memory: {
      estimatedResident: residentBytes(operator, consumptionOf(layer), choice),
      estimatedLoad,
    },
    steps,
    ms,
  };
}

/** The original's bytes, with those of each changed layer replaced. */
export function memoryOf(model: Model, layers: readonly CompressedLayerReport[]) {
  const before = storedBytes(model);
  const total = (of: (layer: CompressedLayerReport) => number) =>
    layers.reduce((sum, layer) => sum + of(layer) - layer.bytesBefore, before);
  return {
    estimatedResident: total(({ memory }) => memory.estimatedResident),
    estimatedLoad: total(({ memory }) => memory.estimatedLoad),
  };
}

/** Whether a layer was rewritten, or lost units to a cut. */
export const isChanged = ({ operator, weight, before }: LayerProgress): boolean =>
  operator !== weight || weight.parameters < before.parameters;

/** The layers that were left as they were, and why. */
export const skippedIn = (progress: Iterable<LayerProgress>): SkippedLayerReport[] =>
  [...progress].flatMap((each) => {
    if (isChanged(each)) return [];
    const { layer, steps } = each;
    const reason = layer.reason ?? steps.findLast(({ skipped }) => skipped !== undefined)?.skipped;
    const already = layer.quantised !== undefined && { already: true as const };
    return [{ name: layer.name, reason: reason ?? 'no step changed it', ...already }];
  });
