import { type AnyMethod, isSkipped } from '../methods/method';
import { type Control, controlsOf, initialOptions } from '../methods/options';
import { plannedDense } from '../operators/dense/dense';
import type { PlannedLayer } from './plan';

/** How often a range of shares is halved: more would no longer change the plan. */
const HALVINGS = 24;

/**
 * The value of one number among `options` at which the method stores as much as it can without passing `bytes`, from its
 * plan alone. Undefined where no value is small enough, or sizes are not known beforehand.
 */
export function valueWithin(
  layer: PlannedLayer,
  method: AnyMethod,
  options: Readonly<Record<string, unknown>>,
  control: Control,
  bytes: number,
): number | undefined {
  const size = (value: number) => plannedBytes(layer, method, { ...options, [control.key]: value });
  let [low, high] = boundsOf(control, layer.shape);
  const [atLow, atHigh] = [size(low), size(high)];
  if (atLow === undefined || atHigh === undefined) return undefined;
  // Larger values may keep more (a rank) or less (a sparsity).
  if (atLow > atHigh) [low, high] = [high, low];
  if (Math.min(atLow, atHigh) > bytes) return undefined;
  if (Math.max(atLow, atHigh) <= bytes) return high;
  const step = control.whole ? 1 : 0;
  for (let halving = 0; halving < HALVINGS && Math.abs(high - low) > step; halving++) {
    const middle = control.whole ? Math.round((low + high) / 2) : (low + high) / 2;
    if (middle === low || middle === high) break;
    if ((size(middle) ?? Number.POSITIVE_INFINITY) <= bytes) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Options of a method that store at most `bytes` of a layer, and as much of that as they can. It sets the method's own
 * size, or else the first share or count that changes the size, or else it tries all choices of numbers. Other options
 * are as `given`, or as a form begins. Gives a reason where no options come to the size.
 */
export function optionsWithin(
  layer: PlannedLayer,
  method: AnyMethod,
  bytes: number,
  given: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> | { readonly skipped: string } {
  const controls = controlsOf(method.options);
  const initial = { ...initialOptions(controls), ...given };
  const size = controls.find(({ key }) => key === 'size');
  if (size)
    return checkSizeOption(layer, method, { ...withoutGroup(initial, size, controls), size: shareOf(layer, bytes) });
  for (const control of controls.filter(({ kind, unit }) => kind === 'number' && unit === 'share')) {
    const options = withoutGroup(initial, control, controls);
    if (!changesSize(layer, method, options, control)) continue;
    const value = valueWithin(layer, method, options, control, bytes);
    return value === undefined ? { skipped: TOO_SMALL } : { ...options, [control.key]: value };
  }
  for (const control of controls.filter(({ kind, whole }) => kind === 'number' && whole)) {
    if (!changesSize(layer, method, initial, control)) continue;
    const value = valueWithin(layer, method, initial, control, bytes);
    return value === undefined ? { skipped: TOO_SMALL } : { ...initial, [control.key]: value };
  }
  const all = combinations(initial, controls)
    .map((options) => ({ options, size: plannedBytes(layer, method, options) }))
    .filter(({ size }) => size !== undefined) as { options: Record<string, unknown>; size: number }[];
  const best = all.filter(({ size }) => size <= bytes).sort((a, b) => b.size - a.size)[0];
  return best?.options ?? { skipped: all.length > 0 ? TOO_SMALL : 'its size is not known before it has run' };
}

/**
 * The options of a method that has a size of its own, or why it leaves the layer. Such a method keeps to the size by
 * itself, even where its plan is only near. No other number is searched for: plans at both ends of its range may have the
 * same size, because both leave the layer, while a value between them does not.
 */
function checkSizeOption(
  layer: PlannedLayer,
  method: AnyMethod,
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | { readonly skipped: string } {
  const checked = method.options.safeParse(options);
  if (!checked.success) return { skipped: TOO_SMALL };
  const planned = method.plan(plannedDense(layer.shape, layer.type), checked.data, layer);
  return planned !== 'unknown' && isSkipped(planned) ? { skipped: planned.skipped } : options;
}

const shareOf = ({ shape, type }: PlannedLayer, bytes: number): number => bytes / plannedDense(shape, type).bytes;

const TOO_SMALL = 'none of its options comes to this size';

function withoutGroup(
  options: Readonly<Record<string, unknown>>,
  { group }: Control,
  controls: readonly Control[],
): Record<string, unknown> {
  const members = controls.filter((control) => group !== undefined && control.group === group).map(({ key }) => key);
  return Object.fromEntries(Object.entries(options).filter(([key]) => !members.includes(key)));
}

/** The options with every combination of the numbers that can be chosen from: bits of a code, sizes of its groups. */
function combinations(
  initial: Readonly<Record<string, unknown>>,
  controls: readonly Control[],
): Record<string, unknown>[] {
  let all: Record<string, unknown>[] = [{ ...initial }];
  for (const { kind, key, values = [] } of controls) {
    if (kind !== 'choice' || values.some((value) => typeof value !== 'number')) continue;
    all = all.flatMap((options) => values.map((value) => ({ ...options, [key]: value })));
  }
  return all;
}

function changesSize(
  layer: PlannedLayer,
  method: AnyMethod,
  options: Readonly<Record<string, unknown>>,
  control: Control,
): boolean {
  const [low, high] = boundsOf(control, layer.shape).map((value) =>
    plannedBytes(layer, method, { ...options, [control.key]: value }),
  );
  return low !== high;
}

/** Bytes after the step, by its plan: the dense bytes where it would leave the layer; undefined where they are unknown. */
function plannedBytes(layer: PlannedLayer, method: AnyMethod, options: unknown): number | undefined {
  const checked = method.options.safeParse(options);
  if (!checked.success) return undefined;
  const leaf = plannedDense(layer.shape, layer.type);
  const planned = method.plan(leaf, checked.data, layer);
  if (planned === 'unknown') return undefined;
  return isSkipped(planned) ? leaf.bytes : Math.min(leaf.bytes, planned.bytes);
}

function boundsOf({ whole, least, most, range }: Control, shape: readonly number[]): [number, number] {
  const [low, high] = range ?? [least ?? 0, most ?? Math.max(...shape)];
  // Bounds of shares are open at 0.
  return whole ? [low, high] : [Math.max(low, 1e-4), Math.min(high, 1)];
}
