import type { Calibration } from '../calibration/calibration';
import type { LongCall } from '../core/progress';
import type { Factorisations } from '../methods/factorisations';
import { isGraphMethod, type Method } from '../methods/method';
import { methods } from '../methods/registry';
import type { Layer, ModelLayers } from '../model/layers';
import { opsetOf } from '../model/model';
import type { FloatType, Operator } from '../operators/operator';
import { Runner } from './runner/runner';
import { optionsWithin } from './sizing';

/** A method that rewrites single layers, or a variant of it: a line of charts over sizes. */
export interface CandidateLine {
  readonly method: Method;
  /** How it looks at data, where it does. */
  readonly variant?: string;
  /** Of the method, and of the variant: "Pruning, Wanda". */
  readonly title: string;
  /** All other options are those that the method's form begins with. */
  readonly options: object;
}

export interface CandidateContext extends LongCall {
  readonly factorisations: Factorisations;
  readonly calibration?: Calibration | undefined;
  readonly seed?: number;
}

/** A layer as one method alone makes it at a size. */
export interface Candidate {
  readonly operator: Operator;
  /** The options that come to the size, as a recipe writes them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  /** ‖W−Ŵ‖/‖W‖. Measured. */
  readonly error: number;
  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖, from XᵀX of the calibration data, where there is some. */
  readonly outputError?: number | undefined;
}

/** Every method that rewrites single layers, and behind it its variants where there is data. */
export const candidateLines = (withData: boolean): CandidateLine[] =>
  methods
    .filter((method): method is Method => !isGraphMethod(method))
    .flatMap((method) => [
      { method, title: method.title, options: {} },
      ...(withData ? (method.variants ?? []) : []).map(({ variant, options }) => ({
        method,
        variant,
        title: `${method.title}, ${variant}`,
        options,
      })),
    ]);

/** One layer after one method alone at a share of its bytes, or why the method leaves it as it is. */
export async function candidateOf(
  given: ModelLayers,
  layer: Layer,
  { method, options: chosen }: CandidateLine,
  size: number,
  { factorisations, calibration, signal, seed = 0 }: CandidateContext,
): Promise<Candidate | string> {
  const { id, shape, op, dtype, bytes } = layer;
  const planned = { shape, op, opset: opsetOf(given.model), type: dtype as FloatType };
  const options = optionsWithin(planned, method, size * bytes, { ...chosen });
  if (typeof options.skipped === 'string') return options.skipped;
  const step = {
    kind: 'method' as const,
    method: method.name,
    options: method.options.parse(options),
    layers: [layer],
  };
  const noCalibration = 'no data is open';
  const runner = new Runner(given, [step], { factorisations, calibration, seed, signal, noCalibration });
  await runner.runAll();
  const { operator, weight, steps } = runner.layer(id);
  const { error, skipped = 'it changes nothing' } = steps[0]!;
  if (operator === weight) return skipped;
  return {
    operator,
    options: options as Readonly<Record<string, unknown>>,
    bytes: operator.bytes,
    error,
    outputError: await runner.outputErrorOf(id),
  };
}
