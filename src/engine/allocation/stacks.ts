import { isGraphMethod, type Method } from '../methods/method';
import { controlsOf } from '../methods/options';
import { methods } from '../methods/registry';
import type { LineStep } from '../sensitivity/report';

/** Steps that may store a layer, the same for every layer. */
export interface Stack {
  /** What it has in common with stacks of other sizes: "quantize, GPTQ". */
  readonly line: string;
  /** "4 bits in groups of 32, GPTQ" */
  readonly title: string;
  readonly steps: readonly LineStep[];
  /** The same for a layer of whose input no data tell, such as a table that is read by index. */
  readonly blind: readonly LineStep[];
}

/** The name of one setting, whatever layer it is for. */
export const keyOf = (steps: readonly LineStep[]): string => JSON.stringify(steps);

const step = (method: string, options: Readonly<Record<string, unknown>> = {}): LineStep => ({ method, options });

const BITS = [8, 4, 2] as const;
const GROUPS = [16, 32, 64, 128, 0] as const;
/** Shares of bytes for methods that are told a size. */
const SIZES = [0.7, 0.5, 0.35, 0.25, 0.18, 0.13, 0.09, 0.06, 0.04] as const;
const SPARSITIES = [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] as const;
const VALUES = [256, 16, 4] as const;

const percent = (share: number) => `${+(100 * share).toPrecision(3)} %`;

/**
 * The settings that a search chooses from: every method that rewrites single layers at a ladder of sizes, in the variant
 * that looks at data where there are data, and the stacks that are worth their nodes in small files. `allowed`: names of
 * methods; a stack needs all of its methods allowed.
 */
export function stacksFor(withData: boolean, allowed?: readonly string[]): Stack[] {
  const all = [...codes(withData), ...values(), ...ranks(withData), ...sparse(withData), ...others()];
  return all.filter(({ steps }) => steps.every(({ method }) => allowed?.includes(method) ?? true));
}

/** Scales and codebooks in float16 take half of the bytes: at 2 bits in groups of 16, a sixth of the whole. */
const half = step('half');

function codes(withData: boolean): Stack[] {
  const rounding = withData ? { rounding: 'gptq' } : {};
  const line = withData ? 'quantize, GPTQ' : 'quantize';
  return [
    { line: 'half', title: '16 bits', steps: [half], blind: [half] },
    ...BITS.flatMap((bits) =>
      GROUPS.flatMap((groupSize) => {
        const named = `${bits} bits ${groupSize === 0 ? 'a row' : `in groups of ${groupSize}`}`;
        const seeing = step('quantize', { bits, groupSize, ...rounding });
        const blind = step('quantize', { bits, groupSize });
        return [
          { line, title: named, steps: [seeing], blind: [blind] },
          { line: `half + ${line}`, title: `${named}, scales in 16 bits`, steps: [half, seeing], blind: [half, blind] },
        ];
      }),
    ),
  ];
}

const values = (): Stack[] =>
  VALUES.map((count) => {
    const steps = [step('cluster', { values: count })];
    return { line: 'cluster', title: `${count} values`, steps, blind: steps };
  });

/** A rank alone, and with codes of its factors. */
function ranks(withData: boolean): Stack[] {
  const line = withData ? 'svd, whitened' : 'svd';
  const rounding = withData ? { rounding: 'gptq' } : {};
  return SIZES.flatMap((size) => {
    const seeing = step('svd', { size, ...(withData && { whiten: 'full' }) });
    const blind = step('svd', { size });
    return [
      { line, title: `rank for ${percent(size)}`, steps: [seeing], blind: [blind] },
      ...([8, 4] as const).map((bits) => ({
        line: `${line} + ${bits} bits`,
        title: `rank for ${percent(size)}, ${bits} bits`,
        steps: [seeing, half, step('quantize', { bits, groupSize: 64, ...rounding })],
        blind: [blind, half, step('quantize', { bits, groupSize: 64 })],
      })),
    ];
  });
}

/** Zeros alone, and with codes of what survives. */
function sparse(withData: boolean): Stack[] {
  const line = withData ? 'prune, SparseGPT' : 'prune';
  return SPARSITIES.flatMap((sparsity) => {
    const seeing = step('prune', { sparsity, ...(withData && { score: 'sparsegpt' }) });
    const blind = step('prune', { sparsity });
    return [
      { line, title: `${percent(sparsity)} zeros`, steps: [seeing], blind: [blind] },
      ...([8, 4] as const).map((bits) => {
        const coded = step('quantize', { bits, groupSize: 64 });
        return {
          line: `${line} + ${bits} bits`,
          title: `${percent(sparsity)} zeros, ${bits} bits`,
          steps: [seeing, half, coded],
          blind: [blind, half, coded],
        };
      }),
    ];
  });
}

/** Every other method that is told a size. */
const others = (): Stack[] =>
  methods
    .filter((method): method is Method => !isGraphMethod(method) && !KNOWN.has(method.name))
    .filter(({ options }) => controlsOf(options).some(({ key }) => key === 'size'))
    .flatMap(({ name, title }) =>
      SIZES.filter((size) => size <= 0.5).map((size) => {
        const steps = [step(name, { size })];
        return { line: name, title: `${title} for ${percent(size)}`, steps, blind: steps };
      }),
    );

const KNOWN = new Set(['half', 'quantize', 'cluster', 'svd', 'prune']);
