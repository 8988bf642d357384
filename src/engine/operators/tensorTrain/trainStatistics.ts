import { separated } from '../../linalg/sites';
import { transpose } from '../../linalg/transpose';
import type { Multiply } from '../product';
import { congruence, fromGram, type InputStatistics, LARGEST_GRAM } from '../statistics';
import type { Site } from './trainSites';

/**
 * Statistics of the input of one site's core, when its train is applied to `input`. While x is contracted core by core,
 * this core is applied to a vector over (its own inputs, the bond to the cores before it), once for each remaining
 * input and each finished output. Let R = `before` [bond, made, consumed] be what the cores before it make of their
 * inputs (`byBond`; undefined for the first core, which is applied to x itself), and let the inputs of H be (waiting,
 * own, consumed). Then
 *
 *     H[(i, χ), (i′, χ′)] = Σ_made R[χ, made]·(Σ_waiting H[(waiting, i), (waiting, i′)])·R[χ′, made]ᵀ,
 *
 * which is one congruence for each pair of its own inputs, of χ·made·consumed·(consumed + χ) multiply-adds. Carrying H
 * from core to core would take [waiting·own·χ]² numbers on the way, more than H wherever χ exceeds the number of inputs
 * that it stands for. Undefined where (own, χ) is wider than the widest H that is kept, as for large bonds between two
 * sites.
 */
export async function inputOfCore(
  site: Site,
  fromLeft: boolean,
  before: () => Promise<Float32Array | undefined>,
  input: InputStatistics,
  multiply: Multiply,
): Promise<InputStatistics | undefined> {
  const { inner: own } = site;
  const bond = fromLeft ? site.left : site.right;
  const size = own * bond;
  if (size > LARGEST_GRAM) return undefined;
  const waiting = fromLeft ? site.inAfter : site.inBefore;
  const consumed = fromLeft ? site.inBefore : site.inAfter;
  const made = fromLeft ? site.outBefore : site.outAfter;
  const contracted = await before();
  const gram = await input.gram();
  const whole = new Float64Array(size * size);
  const place = (i: number, x: number) => (fromLeft ? x * own + i : i * bond + x);
  for (let i = 0; i < own; i++) {
    for (let j = 0; j <= i; j++) {
      const met = overWaiting(i, j);
      const part = contracted ? await congruence(met, contracted, bond, consumed, multiply) : met;
      for (let x = 0; x < bond; x++) {
        for (let y = 0; y < bond; y++) {
          const [row, column] = [place(i, x), place(j, y)];
          whole[row * size + column] = part[x * bond + y]!;
          whole[column * size + row] = part[x * bond + y]!;
        }
      }
    }
  }
  return fromGram(whole, size, input.samples * waiting * made);

  function inputAt(w: number, i: number, a: number): number {
    return fromLeft ? (a * own + i) * waiting + w : (w * own + i) * consumed + a;
  }

  /** Σ_waiting H[(waiting, i, ·), (waiting, j, ·)], [consumed, consumed]. Inputs beyond the weight's own are padding: zeros. */
  function overWaiting(i: number, j: number): Float64Array<ArrayBuffer> {
    const sum = new Float64Array(consumed * consumed);
    for (let w = 0; w < waiting; w++) {
      for (let a = 0; a < consumed; a++) {
        const row = inputAt(w, i, a);
        if (row >= input.size) continue;
        for (let b = 0; b < consumed; b++) {
          const column = inputAt(w, j, b);
          if (column < input.size) sum[a * consumed + b]! += gram[row * input.size + column]!;
        }
      }
    }
    return sum;
  }
}

/**
 * Neighbouring cores, contracted to one, as R [χ, made, consumed]. `chain` is [(out, in), …, χ] where the contraction
 * with x starts on the left, and [χ, (out, in), …] where it starts on the right.
 */
export function byBond(chain: Float32Array, over: readonly Site[], fromLeft: boolean): Float32Array<ArrayBuffer> {
  const bond = fromLeft ? over.at(-1)!.right : over[0]!.left;
  const each = chain.length / bond;
  const first = fromLeft ? transpose(chain, each, bond) : chain;
  const shape = { out: over.map(({ out }) => out), in: over.map(({ inner }) => inner) };
  const all = new Float32Array(chain.length);
  for (let x = 0; x < bond; x++) all.set(separated(first.subarray(x * each, (x + 1) * each), shape), x * each);
  return all;
}
