import { elements } from '../operator';

/** The sizes of a train's cores: core k is [χ(k−1), out[k], in[k], χ(k)], χ(0) = χ(d) = 1. */
export interface TrainSizes {
  readonly out: readonly number[];
  readonly in: readonly number[];
  /** χ(1) … χ(d−1) */
  readonly bonds: readonly number[];
}

export interface Site {
  readonly left: number;
  readonly out: number;
  readonly inner: number;
  readonly right: number;
  /** Products of the sizes of the sites before this one, and of those after it. */
  readonly outBefore: number;
  readonly inBefore: number;
  readonly outAfter: number;
  readonly inAfter: number;
}

export const sitesOf = ({ out, in: inner, bonds }: TrainSizes): Site[] =>
  out.map((_, k) => ({
    left: bonds[k - 1] ?? 1,
    out: out[k]!,
    inner: inner[k]!,
    right: bonds[k] ?? 1,
    outBefore: elements(out.slice(0, k)),
    inBefore: elements(inner.slice(0, k)),
    outAfter: elements(out.slice(k + 1)),
    inAfter: elements(inner.slice(k + 1)),
  }));

export const coreSize = ({ left, out, inner, right }: Site): number => left * out * inner * right;

/**
 * How often a token is multiplied by core k: the inputs that are not contracted yet, times the outputs that are
 * finished.
 */
export const positions = (site: Site, fromLeft: boolean): number =>
  fromLeft ? site.outBefore * site.inAfter : site.inBefore * site.outAfter;

const contraction = (sites: readonly Site[], fromLeft: boolean): number =>
  sites.reduce((sum, site) => sum + positions(site, fromLeft) * coreSize(site), 0);

/** Multiply-adds for one token, in the cheaper of the two orders of contraction. */
export function trainMultiplyAdds(sizes: TrainSizes): number {
  const sites = sitesOf(sizes);
  return Math.min(contraction(sites, true), contraction(sites, false));
}

/**
 * The shape of a core as the matrix that its site multiplies by, [out·χ′, χ·in] in the direction of the contraction.
 * From the right it is the core as stored, [(left, out), (in, right)]. From the left it is [(out, right), (left, in)].
 */
export const matrixShape = ({ left, out, inner, right }: Site, fromLeft: boolean): [number, number] =>
  fromLeft ? [out * right, left * inner] : [left * out, inner * right];

export const startsLeft = (sites: readonly Site[]): boolean => contraction(sites, true) < contraction(sites, false);

/** [(left, out), (in, right)] → [(out, right), (left, in)] */
export function turned(core: Float32Array, { left, out, inner, right }: Site): Float32Array<ArrayBuffer> {
  const result = new Float32Array(core.length);
  eachEntry(left, out, inner, right, (a, j, i, b, at) => {
    result[((j * right + b) * left + a) * inner + i] = core[at]!;
  });
  return result;
}

/** Undoes `turned`. */
export function returned(core: Float32Array, { left, out, inner, right }: Site): Float32Array<ArrayBuffer> {
  const result = new Float32Array(core.length);
  eachEntry(left, out, inner, right, (a, j, i, b, at) => {
    result[at] = core[((j * right + b) * left + a) * inner + i]!;
  });
  return result;
}

function eachEntry(
  left: number,
  out: number,
  inner: number,
  right: number,
  visit: (a: number, j: number, i: number, b: number, at: number) => void,
): void {
  let at = 0;
  for (let a = 0; a < left; a++) {
    for (let j = 0; j < out; j++)
      for (let i = 0; i < inner; i++) for (let b = 0; b < right; b++) visit(a, j, i, b, at++);
  }
}
