import { BYTES_OF, elements, type FloatType, isDense, type Mode, type Operator } from '../operator';
import { leavesOf } from '../tree';

/**
 * How a weight is stored in the exported graph. factored: it is applied in its own form. load: a constant sub-graph,
 * which the runtime folds into a dense weight when the session is created. use: the same sub-graph, protected from
 * folding, so that memory holds only the small form and one dense layer at a time.
 */
export type ExportForm = 'factored' | 'load' | 'use';

/**
 * What the exported model is optimised for. Dense leaves, and weights that can only be applied whole, leave no choice.
 */
export type Aim = 'speed' | 'file' | 'memory';

export const AIMS: readonly Aim[] = ['speed', 'file', 'memory'];

export interface ExportChoice {
  readonly aim: Aim;
  /** The form of all operators that can be written so, whatever the aim. */
  readonly form?: ExportForm | undefined;
}

export const DEFAULT_EXPORT: ExportChoice = { aim: 'speed' };

/**
 * How an operator is written. For speed and for the file: factored where that takes fewer multiply-adds than the dense
 * weight, otherwise dense after loading (the file is the same). For memory: never dense for longer than one product.
 */
export function formOf(operator: Operator, mode: Mode, { aim, form }: ExportChoice): ExportForm {
  const factored = canWrite(operator, mode);
  if (form !== undefined) return form === 'factored' && !factored ? 'load' : form;
  if (aim === 'memory') return factored ? 'factored' : 'use';
  return factored && effort(operator, mode) < denseEffort(operator, mode) ? 'factored' : 'load';
}

export const canWrite = (operator: Operator, mode: Mode): boolean =>
  operator.write !== undefined && mode !== 'convGrouped' && (operator.writes?.(mode) ?? true);

/**
 * Multiply-adds for one token, in the form that takes fewest. A part that no runtime can apply as it is counts as
 * dense, with zeros and codes.
 */
export function effort(operator: Operator, mode: Mode): number {
  const dense = denseEffort(operator, mode);
  if (isDense(operator) || !canWrite(operator, mode)) return dense;
  if (operator.effort) return operator.effort(dense);
  return operator.children.reduce((total, child) => total + Math.min(effort(child, mode), elements(child.shape)), 0);
}

/** Multiply-adds of the dense weight. A lookup reads a row and multiplies nothing; it counts as a row. */
const denseEffort = ({ shape }: Operator, mode: Mode): number =>
  mode === 'gather' ? shape[1]! : mode === 'gatherTransposed' ? shape[0]! : elements(shape);

/** How a consumer uses a weight. */
export interface Consumption {
  readonly mode: Mode;
  /** The type that it computes in. */
  readonly type: FloatType;
}

const denseBytes = ({ shape }: Operator, type: FloatType): number => BYTES_OF[type] * elements(shape);

/** Bytes of the weight in memory while the model runs, without what the layer at work needs. */
export function residentBytes(operator: Operator, consumption: Consumption, choice: ExportChoice): number {
  const { mode, type } = consumption;
  if (isDense(operator)) return denseBytes(operator, type);
  const form = formOf(operator, mode, choice);
  if (form === 'load') return denseBytes(operator, type);
  if (form === 'use') return operator.bytes + widenedBytes(operator, type);
  if (operator.children.length === 0) return operator.bytes;
  return operator.children.reduce((total, child) => total + residentBytes(child, consumption, choice), 0);
}

/**
 * Bytes of float16 leaves that are cast while loading. This happens to weights that are rebuilt at use, where the
 * consumer computes in float32.
 */
function widenedBytes(operator: Operator, type: FloatType): number {
  const widened = leavesOf(operator).filter((leaf) => leaf.type === 'float16' && type === 'float32');
  return widened.reduce((sum, leaf) => sum + denseBytes(leaf, type), 0);
}

/** Whether consumers read a weight [out, in] as it is, transposed, or both. */
export type Orientation = 'plain' | 'transposed' | 'both';

/**
 * Bytes that exist at the same time while a weight is loaded, and by name the bytes that other weights of its size
 * share.
 */
export interface LoadNeeds {
  readonly own: number;
  readonly shared: Readonly<Record<string, number>>;
}

/**
 * What is stored, and all values that the runtime computes while folding. It frees none of them before all weights are
 * folded. Rebuilt values are float32 until the final Cast, where the consumer computes in float16.
 *
 * Measured in the WebAssembly heap (bench/loading.ts) with 24 weights of 1024², half of them kept: 14.2 bytes a weight,
 * where this function says 15.0. The layer at work needs some 12 bytes a weight more, since its node's inputs are
 * copied.
 */
export function loadNeeds(
  operator: Operator,
  consumption: Consumption & { readonly read: Orientation },
  choice: ExportChoice,
): LoadNeeds {
  const { mode, type, read } = consumption;
  const { bytes, rebuildBytes, children } = operator;
  if (isDense(operator)) {
    return { own: bytes + (operator.type === type ? 0 : denseBytes(operator, type)), shared: {} };
  }
  const form = formOf(operator, mode, choice);
  if (form === 'load') {
    const closing = type === 'float16' ? denseBytes(operator, type) : 0;
    const turning = read === 'transposed' ? operator.transposingBytes : undefined;
    const turned = read === 'plain' ? 0 : (turning ?? denseBytes(operator, type));
    return { own: bytes + rebuildBytes + closing + turned, shared: sharedIn(operator) };
  }
  if (form === 'use') return { own: bytes + widenedBytes(operator, type), shared: {} };
  if (children.length === 0) return { own: bytes, shared: {} };
  const parts = children.map((child) => loadNeeds(child, consumption, choice));
  return {
    own: parts.reduce((sum, { own }) => sum + own, 0),
    shared: Object.assign({}, ...parts.map(({ shared }) => shared)),
  };
}

/** The bytes of each weight when all of them are loaded together. What several weights share is divided among them. */
export function loadBytes(weights: readonly LoadNeeds[]): number[] {
  const sharers = new Map<string, number>();
  for (const { shared } of weights) {
    for (const name of Object.keys(shared)) sharers.set(name, (sharers.get(name) ?? 0) + 1);
  }
  return weights.map(({ own, shared }) =>
    Object.entries(shared).reduce((sum, [name, bytes]) => sum + Math.round(bytes / sharers.get(name)!), own),
  );
}

const sharedIn = ({ sharedBytes, children }: Operator): Record<string, number> =>
  Object.assign({}, sharedBytes, ...children.map(sharedIn));
