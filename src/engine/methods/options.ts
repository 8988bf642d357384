import { z } from 'zod';

/**
 * The kinds of options that methods have. Each is a zod schema whose metadata says how a form shows it: the studio's
 * controls, the command line's help and the checks of a recipe are all made from it.
 */
export interface ControlHints {
  readonly title: string;
  /** What it means, with its unit. */
  readonly help: string;
  readonly unit?: 'share' | 'count';
  /** Exactly one option of a group is given. */
  readonly group?: string;
  /** Shown only where another option has one of these values. */
  readonly when?: Readonly<Record<string, readonly unknown[]>>;
  /** Where a slider begins and ends, if the bounds of the schema are wider than what is useful. */
  readonly range?: readonly [number, number];
  /** Small values matter as much as large ones; 'toOne': the distance from 1 does. */
  readonly logarithmic?: boolean | 'toOne';
  /** What a form begins with, where the schema has no default. In a group, the first option that has one is chosen. */
  readonly initial?: number | string | boolean | readonly number[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** A number above 0 and at most 1. */
export function share(hints: ControlHints) {
  const message = `must be ${hints.help}, above 0 and at most 1`;
  return z
    .number(message)
    .gt(0, message)
    .max(1, message)
    .meta({ control: { unit: 'share', ...hints } });
}

/** A whole number between bounds. */
export function whole(least: number, most: number | undefined, hints: ControlHints) {
  const message = `must be a whole number ${most === undefined ? `of at least ${least}` : `from ${least} to ${most}`}`;
  const schema = z.int(message).min(least, message);
  return (most === undefined ? schema : schema.max(most, message)).meta({ control: { unit: 'count', ...hints } });
}

/** One of several words or numbers. */
export function choice<const T extends readonly (string | number)[]>(values: T, hints: ControlHints) {
  const message = `must be one of ${values.join(', ')}`;
  return z.literal(values as readonly T[number][], message).meta({ control: hints });
}

export function toggle(hints: ControlHints) {
  return z.boolean('must be true or false').meta({ control: hints });
}

/** A list of whole numbers of at least 1. */
export function wholes(hints: ControlHints) {
  const message = 'must be a list of whole numbers of at least 1';
  return z.array(z.int(message).min(1, message), message).min(1, message).meta({ control: hints });
}

/** Refuses anything but exactly one of `keys`. */
export function exactlyOne<T extends object>(keys: readonly (keyof T & string)[]) {
  return [
    (given: T) => keys.filter((key) => given[key] !== undefined).length === 1,
    { message: `must have exactly one of ${keys.join(', ')}` },
  ] as const;
}

/** A control of a form, made from an option's schema. */
export interface Control extends ControlHints {
  readonly key: string;
  readonly kind: 'number' | 'choice' | 'toggle' | 'list';
  readonly optional: boolean;
  readonly fallback?: unknown;
  readonly least?: number;
  /** `least` itself is refused. */
  readonly above?: true;
  readonly most?: number;
  readonly whole?: boolean;
  readonly values?: readonly (string | number)[];
}

/** The keys of a method's options, each with its description where no control has one. */
export const keysOf = (options: z.ZodType): { readonly key: string; readonly help?: string | undefined }[] =>
  Object.entries(jsonOf(options).properties ?? {}).map(([key, { description }]) => ({ key, help: description }));

function jsonOf(options: z.ZodType): JsonSchema {
  // A form writes options in the shape that the preprocessing step would give them.
  const shaped = options instanceof z.ZodPipe ? (options.out as z.ZodType) : options;
  return z.toJSONSchema(shaped, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

/** The controls of a method's options, in the order of its schema. */
export function controlsOf(options: z.ZodType): Control[] {
  const json = jsonOf(options);
  const required = new Set(json.required);
  return Object.entries(json.properties ?? {}).flatMap(([key, property]) => {
    if (!property.control) return [];
    const values = property.enum ?? (property.const === undefined ? undefined : [property.const]);
    return {
      ...property.control,
      key,
      kind: values ? 'choice' : property.type === 'boolean' ? 'toggle' : property.type === 'array' ? 'list' : 'number',
      optional: !required.has(key),
      ...(property.default !== undefined && { fallback: property.default }),
      ...limits(property),
      ...(property.type === 'integer' && { whole: true }),
      ...(values && { values }),
    } satisfies Control;
  });
}

/**
 * The first given option that has no effect beside the others, and why; `parsed` has the defaults filled in. A default
 * that is written out is no fault, and options of a group are checked by their schema.
 */
export function withoutEffect(
  options: z.ZodType,
  given: Readonly<Record<string, unknown>>,
  parsed: Readonly<Record<string, unknown>>,
): { readonly key: string; readonly message: string } | undefined {
  for (const { key, group, fallback, when = {} } of controlsOf(options)) {
    if (group !== undefined || given[key] === undefined || given[key] === fallback) continue;
    const other = Object.keys(when).find((name) => !when[name]!.includes(parsed[name]));
    if (other) return { key, message: `has no effect with ${other} ${String(parsed[other])}: leave it out` };
  }
  return undefined;
}

/** The options that a form begins with: those that must be given, and one of each group. Defaults are left out. */
export function initialOptions(controls: readonly Control[]): Record<string, unknown> {
  const chosen = new Map<string, Control>();
  for (const control of controls) {
    const { group } = control;
    if (group === undefined) continue;
    const known = chosen.get(group);
    if (!known || (known.initial === undefined && control.initial !== undefined)) chosen.set(group, control);
  }
  const given = controls.filter((control) =>
    control.group === undefined ? !control.optional : chosen.get(control.group) === control,
  );
  return Object.fromEntries(given.map((control) => [control.key, initialValue(control)]));
}

/** What a control shows while its option is not given. */
export function initialValue({ kind, initial, fallback, values, unit, least }: Control): unknown {
  if (fallback !== undefined) return fallback;
  if (initial !== undefined) return initial;
  if (kind === 'choice') return values![0];
  if (kind === 'toggle') return false;
  if (kind === 'list') return [least ?? 1];
  return unit === 'share' ? 0.5 : Math.max(1, least ?? 1);
}

function limits({ minimum, exclusiveMinimum, maximum }: JsonSchema) {
  const least = minimum ?? exclusiveMinimum;
  return {
    ...(least !== undefined && least > Number.MIN_SAFE_INTEGER && { least }),
    ...(exclusiveMinimum !== undefined && { above: true as const }),
    ...(maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && { most: maximum }),
  };
}

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly control?: ControlHints;
  readonly description?: string;
  readonly enum?: readonly (string | number)[];
  readonly const?: string | number;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}
