import { isGraphMethod, type Method } from '../methods/method';
import { controlsOf } from '../methods/options';
import { methods } from '../methods/registry';
import type { LineStep } from '../recipe/lines';

/** Steps that may store a layer, the same for every layer. */
export interface Stack {
  /** What it has in common with stacks of other sizes: "quantize, GPTQ". */
  readonly line: string;
  /** "4 bits in groups of 32, GPTQ" */
  readonly title: string;
  readonly steps: readonly LineStep[];
  /** The same for a layer of whose input no data tell, such as a table that is read by index. */
  readonly blind: readonly LineStep[];
  /** About the share of a layer's dense bytes in float32 that it stores: what is out of reach need not be made. */
  readonly size: number;
}

/** The name of one setting, whatever layer it is for. */
export const keyOf = (steps: readonly LineStep[]): string => JSON.stringify(steps);

const step = (method: string, options: Readonly<Record<string, unknown>> = {}): LineStep => ({ method, options });

/** Widths of codes with the groups that share a scale; 0 is the whole row. */
const CODES = [
  { bits: 4, groups: [32, 0, 64, 16] },
  { bits: 2, groups: [16, 32, 0, 64] },
  { bits: 8, groups: [32, 0] },
] as const;
/** Groups that are tried with scales in 32 bits too, where they may be in 16 bits. */
const WIDE = [32, 0];
const SIZES = [0.5, 0.35, 0.25, 0.18, 0.13, 0.09, 0.06, 0.7] as const;
const CODED_SIZES = { 4: [0.5, 0.35, 0.25, 0.7, 0.42, 0.3, 0.18, 0.6, 0.13], 8: [0.25, 0.13, 0.06, 0.5] } as const;
const SPARSITIES = [0.5, 0.7, 0.8, 0.9, 0.3, 0.95] as const;
const CODED_SPARSITIES = { 4: [0.5, 0.7, 0.8, 0.9], 8: [0.5, 0.8, 0.9] } as const;
const OTHER_SIZES = [0.25, 0.5, 0.13, 0.06] as const;
const VALUES = [16, 4, 256] as const;

const percent = (share: number) => `${+(100 * share).toPrecision(3)} %`;

/**
 * The settings that a search chooses from: every method that rewrites single layers at a ladder of sizes, in the variant
 * that looks at data where there are data, and the stacks that are worth their nodes in small files. Those that mostly
 * serve come first, in case that time is short. `allowed`: names of methods; a stack needs all of its methods allowed.
 * `forSpeed`: with codes whose inputs are rounded too, which save time and are no use otherwise.
 */
export function stacksFor(withData: boolean, allowed?: readonly string[], forSpeed = false): Stack[] {
  const isAllowed = (name: string) => allowed?.includes(name) ?? true;
  const all = [
    ...(forSpeed ? [inputsToo] : []),
    ...codes(withData, isAllowed('half')),
    ...ranks(withData),
    ...sparse(withData),
    ...values(),
    ...others(),
  ];
  return all.filter(({ steps }) => steps.every(({ method }) => isAllowed(method)));
}

/** Scales in float16 take half of the bytes: at 2 bits in groups of 16, a quarter of the whole. */
const half = step('half');

const dynamic = [step('quantize', { bits: 8, activations: 'dynamic' })];
const inputsToo: Stack = {
  line: 'quantize, inputs too',
  title: '8 bits, inputs too',
  steps: dynamic,
  blind: dynamic,
  size: 0.26,
};

function codes(withData: boolean, withHalf: boolean): Stack[] {
  const rounding = withData ? { rounding: 'gptq' } : {};
  const line = withData ? 'quantize, GPTQ' : 'quantize';
  return [
    ...CODES.flatMap(({ bits, groups }) =>
      groups.flatMap((groupSize) => {
        const named = `${bits} bits ${groupSize === 0 ? 'a row' : `in groups of ${groupSize}`}`;
        const seeing = step('quantize', { bits, groupSize, ...rounding });
        const blind = step('quantize', { bits, groupSize });
        const size = (scale: number) => (bits + (groupSize === 0 ? 0.2 : scale / groupSize)) / 32;
        return [
          ...(WIDE.includes(groupSize) || !withHalf
            ? [{ line, title: named, steps: [seeing], blind: [blind], size: size(32) }]
            : []),
          {
            line: `half + ${line}`,
            title: `${named}, scales in 16 bits`,
            steps: [half, seeing],
            blind: [half, blind],
            size: size(16),
          },
        ];
      }),
    ),
    { line: 'half', title: '16 bits', steps: [half], blind: [half], size: 0.5 },
  ];
}

const values = (): Stack[] =>
  VALUES.map((count) => {
    const steps = [step('cluster', { values: count })];
    return { line: 'cluster', title: `${count} values`, steps, blind: steps, size: Math.log2(count) / 32 };
  });

/** A rank alone, and with codes of its factors. Their rows are short: one scale for each serves best. */
function ranks(withData: boolean): Stack[] {
  const line = withData ? 'svd, whitened' : 'svd';
  const rounding = withData ? { rounding: 'gptq' } : {};
  const seeing = (size: number) => step('svd', { size, ...(withData && { whiten: 'full' }) });
  const blind = (size: number) => step('svd', { size });
  return [
    ...([4, 8] as const).flatMap((bits) =>
      CODED_SIZES[bits].map((size) => ({
        line: `${line} + ${bits} bits`,
        title: `rank for ${percent(size)}, ${bits} bits`,
        steps: [seeing(size), half, step('quantize', { bits, groupSize: 0, ...rounding })],
        blind: [blind(size), half, step('quantize', { bits, groupSize: 0 })],
        size: (size * bits) / 32,
      })),
    ),
    ...SIZES.map((size) => ({
      line,
      title: `rank for ${percent(size)}`,
      steps: [seeing(size)],
      blind: [blind(size)],
      size,
    })),
  ];
}

/** Zeros alone, and with codes of what survives. */
function sparse(withData: boolean): Stack[] {
  const line = withData ? 'prune, SparseGPT' : 'prune';
  const seeing = (sparsity: number) => step('prune', { sparsity, ...(withData && { score: 'sparsegpt' }) });
  const blind = (sparsity: number) => step('prune', { sparsity });
  return [
    ...SPARSITIES.map((sparsity) => ({
      line,
      title: `${percent(sparsity)} zeros`,
      steps: [seeing(sparsity)],
      blind: [blind(sparsity)],
      size: 1 - sparsity + PLACES,
    })),
    ...([4, 8] as const).flatMap((bits) =>
      CODED_SPARSITIES[bits].map((sparsity) => {
        const coded = step('quantize', { bits, groupSize: 64 });
        return {
          line: `${line} + ${bits} bits`,
          title: `${percent(sparsity)} zeros, ${bits} bits`,
          steps: [seeing(sparsity), half, coded],
          blind: [blind(sparsity), half, coded],
          size: ((1 - sparsity) * bits) / 32 + PLACES,
        };
      }),
    ),
  ];
}

/** A bit for each weight says where the survivors lie. */
const PLACES = 1 / 32;

/** Every other method that is told a size. */
const others = (): Stack[] =>
  methods
    .filter((method): method is Method => !isGraphMethod(method) && !KNOWN.has(method.name))
    .filter(({ options }) => controlsOf(options).some(({ key }) => key === 'size'))
    .flatMap(({ name, title }) =>
      OTHER_SIZES.map((size) => {
        const steps = [step(name, { size })];
        return { line: name, title: `${title} for ${percent(size)}`, steps, blind: steps, size };
      }),
    );

const KNOWN = new Set(['half', 'quantize', 'cluster', 'svd', 'prune']);
