import { z } from 'zod';
import { messageOf, UserError } from '../core/errors';
import type { AnyMethod } from '../methods/method';
import { keysOf, withoutEffect } from '../methods/options';
import { methods } from '../methods/registry';
import { AIMS, DEFAULT_EXPORT, type ExportChoice } from '../operators/export/choice';
import { didYouMean } from './nearest';

const NAMES = 'must be the name of a layer, a pattern, or a list of these';
const one = z.string(NAMES).min(1, NAMES);
/** A checked step has lists, an empty one where nothing is ignored, and can be checked again. */
const patterns = z.union([one, z.array(one, NAMES).min(1, NAMES)], NAMES).transform((given) => [given].flat());
const ignored = z
  .union([one, z.array(one, NAMES)], NAMES)
  .optional()
  .transform((given = []) => [given].flat());

/** A method with its options, on the layers that `layers` names and `ignore` does not. */
const methodStep = (name: string, options: z.ZodType) =>
  z.strictObject({
    // The kind of steps that need not say it.
    kind: z.literal('method').default('method'),
    layers: patterns,
    ignore: ignored,
    method: z.literal(name),
    options,
  });

const METHOD_STEP_KEYS = ['layers', 'ignore', 'method', 'options'];

const FORMS = ['factored', 'load', 'use'] as const;

const written = z.strictObject({
  aim: z.enum(AIMS, `must be one of ${AIMS.join(', ')}`).optional(),
  form: z.enum(FORMS, `must be one of ${FORMS.join(', ')}`).optional(),
});

const recipe = z.strictObject({
  version: z.literal(1, 'must be 1, the only version there is'),
  /** For whatever methods draw at random; 0 where it is not given. */
  seed: z.int('must be a whole number').min(0, 'must be at least 0').optional(),
  /** How the result is written; for speed where it is not given. */
  export: written.optional(),
  /** Each is checked by the schema of its kind. */
  steps: z.array(z.unknown(), 'must be a list of steps'),
});

/** The keys that a recipe may have, by where. */
const RECIPE_KEYS = { '': Object.keys(recipe.shape), export: Object.keys(written.shape) };

export type MethodStep = z.infer<ReturnType<typeof methodStep>>;

/** A checked step of a recipe. A union over `kind`, which has one member so far. */
export type Step = MethodStep;

export type Recipe = Omit<z.infer<typeof recipe>, 'steps'> & { readonly steps: readonly Step[] };

export const exportOf = (recipe: Recipe): ExportChoice => ({ ...DEFAULT_EXPORT, ...defined(recipe.export ?? {}) });

/** Without the keys that were given as undefined: a recipe is JSON. */
const defined = <T extends object>(given: T) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** Reads recipe JSON from text; throws a UserError that says where it is wrong. */
export function parseRecipe(text: string, name = 'The recipe'): Recipe {
  // The parser's own message would quote bytes of whatever file this is.
  if (!/^\s*[{[]/.test(text)) {
    throw new UserError(`${name} is not a recipe: a recipe is a text in JSON that begins with "{". Name another file.`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`${name} is not JSON: ${messageOf(error)}.`);
  }
  return checkRecipe(json, name);
}

/** Checks a recipe against the schema; throws a UserError that says where it is wrong. */
export function checkRecipe(json: unknown, name = 'The recipe'): Recipe {
  const outer = recipe.safeParse(json);
  if (!outer.success) throw new UserError(`${name}: ${faultIn(outer.error, json, RECIPE_KEYS)}`);
  const steps = outer.data.steps.map((raw, i) => checkStep(raw, `${name}, step ${i + 1}`));
  const { seed, export: written } = outer.data;
  return {
    version: 1,
    ...(seed !== undefined && { seed }),
    ...(written && { export: defined(written) }),
    steps,
  };
}

function checkStep(raw: unknown, place: string): Step {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new UserError(`${place}: must be an object with layers, method and options.`);
  }
  const { kind = 'method' } = raw as { kind?: unknown };
  switch (kind) {
    case 'method' satisfies Step['kind']:
      return checkMethodStep(raw, place);
    default:
      throw new UserError(`${place}: unknown kind ${JSON.stringify(kind)}; there is only method.`);
  }
}

function checkMethodStep(raw: object, place: string): MethodStep {
  const known = methods.map(({ name }) => name);
  if (!('method' in raw)) {
    const key = Object.keys(raw).find((name) => name !== 'kind' && !METHOD_STEP_KEYS.includes(name));
    throw new UserError(
      key === undefined
        ? `${place}: has no method; there are ${known.join(', ')}.`
        : `${place}: unknown key "${key}"; ${didYouMean(key, METHOD_STEP_KEYS)}`,
    );
  }
  const method = methods.find(({ name }) => name === raw.method);
  if (!method) {
    throw new UserError(
      `${place}: unknown method ${JSON.stringify(raw.method)}; ${didYouMean(String(raw.method), known)}`,
    );
  }
  // A method that needs no options need not be given any.
  const { options = {} } = raw as { options?: unknown };
  const whole = { ...raw, options };
  const checked = schemaOf(method).safeParse(whole);
  const keys = { '': METHOD_STEP_KEYS, options: keysOf(method.options).map(({ key }) => key) };
  if (!checked.success) throw new UserError(`${place}: ${faultIn(checked.error, whole, keys)}`);
  type Given = Readonly<Record<string, unknown>>;
  const idle = withoutEffect(method.options, options as Given, checked.data.options as Given);
  if (idle) throw new UserError(`${place}: options.${idle.key} ${idle.message}.`);
  return checked.data;
}

/** Made when it is first needed, so that a method that is added to the list later is known too. */
function schemaOf(method: AnyMethod): ReturnType<typeof methodStep> {
  const schema = schemas.get(method) ?? methodStep(method.name, method.options);
  schemas.set(method, schema);
  return schema;
}

const schemas = new WeakMap<AnyMethod, ReturnType<typeof methodStep>>();

/** The first fault, with its place, as a sentence: `options.rank must be …`. `keys`: those there are, by place. */
function faultIn(error: z.ZodError, value: unknown, keys: Readonly<Record<string, readonly string[]>>): string {
  // A misspelt key also leaves the right one missing; what was written says more than what was not.
  const issue = error.issues.find(({ code }) => code === 'unrecognized_keys') ?? error.issues[0]!;
  const path = issue.path.map(String);
  const place = path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const known = keys[place];
    return `unknown key "${[...path, key].join('.')}"${known ? `; ${didYouMean(key, known)}` : '.'}`;
  }
  const found = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
  if (path.length > 0 && found === undefined) return `${place} is missing.`;
  const was = typeof found === 'object' ? '' : ` (it is ${JSON.stringify(found)})`;
  const message = issue.code === 'invalid_type' && issue.expected === 'object' ? 'must be an object' : issue.message;
  return `${place}${place && ': '}${lowerFirst(message)}${was}.`;
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
