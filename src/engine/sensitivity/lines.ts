import { UserError } from '../core/errors';
import { isGraphMethod, type Method } from '../methods/method';
import { getMethod, methods } from '../methods/registry';
import { didYouMean } from '../recipe/nearest';
import type { PlannedLayer } from '../recipe/plan';
import { optionsWithin } from '../recipe/sizing';
import type { LineStep, SensitivityLine } from './report';

/** Steps that store a layer at any share of its dense bytes. */
export interface Line extends SensitivityLine {
  /** How it looks at data: "GPTQ"; absent where it looks at none. */
  readonly variant?: string;
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

/**
 * Every method that rewrites single layers, with the options that its form begins with; with data its variants that look
 * at them; and stacks of a rank or of zeros with codes.
 */
export function linesOf(withData: boolean): Line[] {
  const alone = methods
    .filter((method): method is Method => !isGraphMethod(method))
    .flatMap((method) => {
      const variants = withData ? (method.variants ?? []) : [];
      return [
        lineOf(method, {}, variants.length === 0),
        // The last variant is the one that is known to be best.
        ...variants.map(({ variant, options }, at) => lineOf(method, options, at === variants.length - 1, variant)),
      ];
    });
  return [...alone, ...stacks(withData)];
}

function lineOf(method: Method, given: object, isUsual: boolean, variant?: string): Line {
  const { name, title } = method;
  return {
    key: variant === undefined ? name : `${name}, ${variant}`,
    title: variant === undefined ? title : `${title}, ${variant}`,
    methods: [name],
    ...(variant !== undefined && { variant }),
    isUsual: isUsual && USUAL.has(name),
    stepsWithin(layer, bytes) {
      const options = optionsWithin(layer, method, bytes, { ...given });
      if (typeof options.skipped === 'string') return { skipped: options.skipped };
      return [{ method: name, options: method.options.parse(options) as LineStep['options'] }];
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

/**
 * The lines with these keys, or of these methods; absent: one for each usual method. Throws a UserError for a name that
 * is none.
 */
export function chosenLines(withData: boolean, names?: readonly string[]): Line[] {
  const all = linesOf(withData);
  if (!names) return all.filter(({ isUsual }) => isUsual);
  const known = all.flatMap(({ key, methods }) => (methods.length === 1 ? [key, methods[0]!] : [key]));
  for (const name of names)
    if (!known.includes(name)) {
      const isWaiting = linesOf(true).some(({ key }) => key === name);
      throw new UserError(
        isWaiting
          ? `"${name}" looks at data: give some.`
          : `There is no method "${name}"; ${didYouMean(name, [...new Set(known)])}`,
      );
    }
  return all.filter(({ key, methods }) => names.includes(key) || (methods.length === 1 && names.includes(methods[0]!)));
}
