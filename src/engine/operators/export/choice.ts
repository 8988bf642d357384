import { BYTES_OF, elements, type FloatType, isDense, type Mode, type Operator } from '../operator';
import { leavesOf } from '../tree';

/**
 * How a weight stands in the exported graph. factored: it is applied in its own form; load: a constant sub-graph that
 * the runtime folds into a dense weight when the session is made; use: the same sub-graph, kept from folding, so that
 * only the small form and one dense layer at a time are in memory.
 */
export type ExportForm = 'factored' | 'load' | 'use';

/** What the exported model should be best at. A dense leaf and what can only be applied as it is leave no choice. */
export type Aim = 'speed' | 'file' | 'memory';

export const AIMS: readonly Aim[] = ['speed', 'file', 'memory'];

export interface ExportChoice {
  readonly aim: Aim;
  /** For every operator that can be written so, whatever the aim. */
  readonly form?: ExportForm | undefined;
}

export const DEFAULT_EXPORT: ExportChoice = { aim: 'speed' };

/**
 * How an operator is written. For speed and for the file: through its factors where that takes fewer multiply-adds than
 * the dense weight, else dense from loading on (the file is the same). For memory: never dense for longer than a product.
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
 * Multiply-adds a token, in the form that takes fewest: a part that no runtime can apply as it is counts as dense, zeros
 * and codes included.
 */
export function effort(operator: Operator, mode: Mode): number {
  const dense = denseEffort(operator, mode);
  if (isDense(operator) || !canWrite(operator, mode)) return dense;
  if (operator.effort) return operator.effort(dense);
  return operator.children.reduce((total, child) => total + Math.min(effort(child, mode), elements(child.shape)), 0);
}

/** Of the dense weight: a lookup reads a row, and multiplies nothing. */
const denseEffort = ({ shape }: Operator, mode: Mode): number =>
  mode === 'gather' ? shape[1]! : mode === 'gatherTransposed' ? shape[0]! : elements(shape);

/** How a consumer takes a weight. */
export interface Consumption {
  readonly mode: Mode;
  /** What it computes in. */
  readonly type: FloatType;
}

const denseBytes = ({ shape }: Operator, type: FloatType): number => BYTES_OF[type] * elements(shape);

/** Bytes that the operator's weight takes in memory while the model runs, but for the layer at work. */
export function residentBytes(operator: Operator, consumption: Consumption, choice: ExportChoice): number {
  const { mode, type } = consumption;
  if (isDense(operator)) return denseBytes(operator, type);
  const form = formOf(operator, mode, choice);
  if (form === 'load') return denseBytes(operator, type);
  if (form === 'use') return operator.bytes + widenedBytes(operator, type);
  if (operator.children.length === 0) return operator.bytes;
  return operator.children.reduce((total, child) => total + residentBytes(child, consumption, choice), 0);
}

/** Of what is rebuilt at use leaves of half precision are cast while loading, where the consumer computes in float32. */
function widenedBytes(operator: Operator, type: FloatType): number {
  const widened = leavesOf(operator).filter((leaf) => leaf.type === 'float16' && type === 'float32');
  return widened.reduce((sum, leaf) => sum + denseBytes(leaf, type), 0);
}

/** Whether consumers read a weight [out, in] as it is, its transpose, or some of them this and some that. */
export type Orientation = 'plain' | 'transposed' | 'both';

/** Bytes that exist at once while a weight is loaded, and by name those of them that others of its size need as well. */
export interface LoadNeeds {
  readonly own: number;
  readonly shared: Readonly<Record<string, number>>;
}

/**
 * What is stored, and all that the runtime folds on the way: it frees nothing of any weight before all are folded. What is
 * rebuilt is float32 until the Cast that ends it where the consumer computes in float16.
 *
 * Measured in the WebAssembly heap (bench/loading.ts): with 24 weights of 1024², half of them kept, 14.2 bytes a weight where
 * this says 15.0. What is at work comes on top, some 12 bytes a weight of that layer alone: its node's inputs are copied.
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

/** Each weight's bytes where all of them are loaded together: what several share is divided among them. */
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
