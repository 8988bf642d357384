import { type AnyMethod, type Control, type StackStep, UserError } from '../engine/page/light';
import {
  checkRecipe,
  controlsOf,
  initialOptions,
  initialValue,
  methods,
  resolvedRecipe,
} from '../engine/page/planning';
import { formatShare } from './format';

/** A method as the page shows it. Load this file only when a model is open: it brings the engine's methods along. */
export interface MethodForm {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly paper: string;
  readonly controls: readonly Control[];
  /** Whether it truncates the layer's spectrum. */
  readonly truncates: boolean;
}

/** Every method, in the order in which they are offered. */
export const methodForms = (): readonly MethodForm[] => methods.map(made);

export function formOf(name: string): MethodForm | undefined {
  const method = methodOf(name);
  return method && made(method);
}

/** The variants that comparisons at equal bytes draw where data is open. */
export const variantNames = (): readonly string[] =>
  methods.flatMap(({ variants = [] }) => variants.map(({ variant }) => variant));

const methodOf = (name: string) => methods.find((method) => method.name === name);

const forms = new WeakMap<AnyMethod, MethodForm>();

function made(method: AnyMethod): MethodForm {
  const { name, title, summary, paper, options, truncation } = method;
  let form = forms.get(method);
  if (!form) {
    form = { name, title, summary, paper, controls: controlsOf(options), truncates: truncation !== undefined };
    forms.set(method, form);
  }
  return form;
}

/** A step with the options that it begins with. */
export const newStep = ({ name, controls }: MethodForm): StackStep => ({
  method: name,
  options: settled(controls, initialOptions(controls)),
});

export type Checked = { readonly options: unknown } | { readonly fault: string };

const checks = new WeakMap<StackStep, Checked>();

/** The step's options with defaults filled in, or why they are refused. */
export function checked(step: StackStep): Checked {
  let known = checks.get(step);
  if (!known) {
    const result = methodOf(step.method)?.options.safeParse(step.options);
    if (!result) known = { fault: `there is no method called ${step.method}` };
    else if (result.success) known = { options: result.data };
    else {
      const { path, message } = result.error.issues[0];
      known = { fault: [path.join('.'), message].filter(Boolean).join(' ') };
    }
    checks.set(step, known);
  }
  return known;
}

/** A recipe as it is exported, with its defaults written out; a faulty recipe is left as it is. */
export function writtenRecipe(recipe: unknown): string {
  let written = recipe;
  try {
    written = resolvedRecipe(checkRecipe(recipe));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return JSON.stringify(written, null, 2);
}

/** Whether the step needs statistics of the layer's input, which only real data gives. */
export function needsData(step: StackStep): boolean {
  const result = checked(step);
  return 'options' in result && (methodOf(step.method)?.needsData?.(result.options) ?? false);
}

/** The given option, or its default. */
export const effective = (control: Control, options: Readonly<Record<string, unknown>>): unknown =>
  options[control.key] ?? control.fallback;

/** Whether this option has an effect beside the others. */
export function applies(
  { when }: Control,
  controls: readonly Control[],
  options: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(when ?? {}).every(([key, values]) => {
    const other = controls.find((control) => control.key === key);
    return values.includes(other ? effective(other, options) : options[key]);
  });
}

/** The options after an edit: those without effect are removed, and those that must be given now are added. */
export function settled(
  controls: readonly Control[],
  options: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const next: Record<string, unknown> = { ...options };
  for (const control of controls) if (!applies(control, controls, next)) delete next[control.key];
  const shown = controls.filter((control) => applies(control, controls, next));
  const initial = initialOptions(shown);
  for (const control of shown) {
    const { key, group } = control;
    const given = group === undefined ? key in next : shown.some((other) => other.group === group && other.key in next);
    if (!given && key in initial) next[key] = initialValue(control);
  }
  return next;
}

/** The chosen options in a line: "size 50 %", "bits 4 · group 32". Where all are defaults, the first two of them. */
export function describeOptions({ method, options }: StackStep): string {
  const controls = formOf(method)?.controls ?? [];
  const given = controls.filter(({ key, fallback }) => key in options && options[key] !== fallback);
  const defaults = controls.filter((control) => effective(control, options) !== undefined).slice(0, 2);
  return (given.length > 0 ? given : defaults)
    .map((control) => `${control.title.toLowerCase()} ${writeValue(control, effective(control, options))}`)
    .join(' · ');
}

export function writeValue({ unit, labels }: Control, value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number' && unit === 'share') return formatShare(+value.toPrecision(4), shareDigits(value));
  return labels?.[String(value)] ?? String(value);
}

// Writes 50 % rather than 50.0 %, but all digits of 99.99 %.
const shareDigits = (value: number): number => (String(+(value * 100).toPrecision(6)).split('.')[1] ?? '').length;
