import { type AnyMethod, isSkipped } from '../methods/method';
import { type Control, controlsOf, initialOptions } from '../methods/options';
import { plannedDense } from '../operators/dense';
import type { PlannedLayer } from './plan';

/** Halvings of a range of shares: beyond these the value no longer changes the plan. */
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
 * Options of a method that store at most `bytes` of a layer and as much of that as they can: of the first number or
 * choice that decides on the size, the others as a form begins with them. A reason where there are none.
 */
export function optionsWithin(
  layer: PlannedLayer,
  method: AnyMethod,
  bytes: number,
): Readonly<Record<string, unknown>> | { readonly skipped: string } {
  const controls = controlsOf(method.options);
  const initial = initialOptions(controls);
  let least = Number.POSITIVE_INFINITY;
  for (const control of controls) {
    const options = { ...initial };
    for (const { key, group } of controls) if (group !== undefined && group === control.group) delete options[key];
    if (control.kind === 'number' && control.unit === 'share') {
      const value = valueWithin(layer, method, options, control, bytes);
      if (value !== undefined && changesSize(layer, method, options, control))
        return { ...options, [control.key]: value };
    } else if (control.kind === 'choice') {
      const sizes = (control.values ?? []).flatMap((value) => {
        const size = plannedBytes(layer, method, { ...options, [control.key]: value });
        return size === undefined ? [] : [{ value, size }];
      });
      if (new Set(sizes.map(({ size }) => size)).size < 2) continue;
      least = Math.min(least, ...sizes.map(({ size }) => size));
      const best = sizes.filter(({ size }) => size <= bytes).sort((a, b) => b.size - a.size)[0];
      if (best) return { ...options, [control.key]: best.value };
    }
  }
  const only = plannedBytes(layer, method, initial);
  if (only !== undefined && only <= bytes) return initial;
  least = Math.min(least, only ?? least);
  return {
    skipped: Number.isFinite(least)
      ? `its smallest form stores ${least} bytes, more than ${Math.round(bytes)}`
      : 'none of its options reaches this size',
  };
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

/** Bytes after the step, by its plan: the dense ones where it would leave the layer; undefined where they are unknown. */
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
