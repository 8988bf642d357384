import { UserError } from '../core/errors';
import { isGraphMethod, type Method } from '../methods/method';
import { getMethod, methods } from '../methods/registry';
import { didYouMean } from './nearest';
import type { PlannedLayer } from './plan';
import { optionsWithin } from './sizing';

/** A step of a stack, as a recipe writes it without its layers. */
export interface LineStep {
  readonly method: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A method, a variant of it, or a stack of methods, at any share of a layer's dense bytes: a line of charts. */
export interface Line {
  /** Names it in reports and on the command line: "svd", "prune, SparseGPT", "svd + 4 bits". */
  readonly key: string;
  readonly title: string;
  /** Names of the methods of its steps. */
  readonly methods: readonly string[];
  /** Whether it stands for its method where lines are not chosen by hand. */
  readonly isUsual: boolean;
  /** Steps that store at most `bytes` of a layer of `denseBytes`, or why there are none. */
  stepsWithin(
    layer: PlannedLayer,
    bytes: number,
    denseBytes: number,
  ): readonly LineStep[] | { readonly skipped: string };
}

/** Bytes of codes with a scale in float16 for each 64, as a share of float32. */
const codedShare = (bits: number): number => (bits + 16 / 64) / 32;

/** Above this share of a stack's size codes alone store the layer, and better. */
const WHOLE = 0.95;

/** A method alone, or a variant of it. */
export interface SingleLine extends Line {
  readonly method: Method;
  /** How it looks at data: "GPTQ"; absent where it looks at none. */
  readonly variant?: string;
  /** All other options are those that the method's form begins with. */
  readonly options: object;
}

/** Every method that rewrites single layers, with the options that its form begins with, and with data its variants. */
export const singleLines = (withData: boolean): SingleLine[] =>
  methods
    .filter((method): method is Method => !isGraphMethod(method))
    .flatMap((method) => {
      const variants = withData ? (method.variants ?? []) : [];
      const isUsual = USUAL.has(method.name);
      return [
        singleLine(method, {}, undefined, isUsual && variants.length === 0),
        // The last variant is the one that is known to be best.
        ...variants.map(({ variant, options }, at) =>
          singleLine(method, options, variant, isUsual && at === variants.length - 1),
        ),
      ];
    });

/** Single lines, and stacks of a rank or of zeros with codes. */
export const linesOf = (withData: boolean): Line[] => [...singleLines(withData), ...stacks(withData)];

export function singleLine(method: Method, options: object, variant?: string, isUsual = false): SingleLine {
  const { name, title } = method;
  return {
    key: variant === undefined ? name : `${name}, ${variant}`,
    title: variant === undefined ? title : `${title}, ${variant}`,
    methods: [name],
    method,
    options,
    ...(variant !== undefined && { variant }),
    isUsual,
    stepsWithin(layer, bytes) {
      const found = optionsWithin(layer, method, bytes, { ...options });
      if (typeof found.skipped === 'string') return { skipped: found.skipped };
      return [{ method: name, options: method.options.parse(found) as LineStep['options'] }];
    },
  };
}

/** Methods that most weights can take and that are worth comparing first. */
const USUAL = new Set(['svd', 'prune', 'quantize']);

const STACKED = [
  { method: 'svd', title: 'Rank', options: { whiten: 'full' }, blind: {} },
  { method: 'prune', title: 'Zeros', options: { score: 'sparsegpt' }, blind: {} },
] as const;

/** A smaller form whose numbers are then stored as codes of 4 bits. */
function stacks(withData: boolean): Line[] {
  return STACKED.map(({ method: name, title, options, blind }) => {
    const method = getMethod(name) as Method;
    return {
      key: `${name} + 4 bits`,
      title: `${title} + 4 bits`,
      methods: [name, 'half', 'quantize'],
      isUsual: false,
      stepsWithin(layer, bytes, denseBytes) {
        const size = bytes / codedShare(4) / denseBytes;
        if (size > WHOLE) return { skipped: 'codes of 4 bits alone come to this size' };
        const found = optionsWithin(layer, method, size * denseBytes, { ...(withData ? options : blind) });
        if (typeof found.skipped === 'string') return { skipped: found.skipped };
        return [
          { method: name, options: method.options.parse(found) as LineStep['options'] },
          { method: 'half', options: {} },
          { method: 'quantize', options: { bits: 4, groupSize: 64 } },
        ];
      },
    };
  });
}

/** The lines with these keys; absent: one for each usual method. Throws a UserError for a key that is none. */
export function chosenLines(withData: boolean, keys?: readonly string[]): Line[] {
  const all = linesOf(withData);
  if (!keys) return all.filter(({ isUsual }) => isUsual);
  for (const key of keys) if (!all.some((line) => line.key === key)) throw unknownLine(key, all);
  return all.filter(({ key }) => keys.includes(key));
}

/** Keys of lines by what users call them: a key, or a method for all of its lines. Throws a UserError for other names. */
export function keysCalled(names: readonly string[], withData: boolean): string[] {
  const all = linesOf(withData);
  return names.flatMap((name) => {
    const found = all.filter(({ key, methods: steps }) => key === name || (steps.length === 1 && steps[0] === name));
    if (found.length === 0) throw unknownLine(name, all);
    return found.map(({ key }) => key);
  });
}

const unknownLine = (name: string, all: readonly Line[]): UserError =>
  new UserError(
    linesOf(true).some(({ key }) => key === name)
      ? `"${name}" looks at data: give some.`
      : `There is no method "${name}"; ${didYouMean(
          name,
          all.map(({ key }) => key),
        )}`,
  );
