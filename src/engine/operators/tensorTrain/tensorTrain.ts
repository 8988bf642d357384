import { separated } from '../../linalg/sites';
import type { Core } from '../../linalg/tensorTrain';
import { denseOf, plannedDense } from '../dense/dense';
import { cropped, reshaped, widened } from '../export/nodes';
import {
  type Dense,
  elements,
  type FloatType,
  type Form,
  matrixOf,
  type NodeWriter,
  type Operator,
  type Stage,
  type WeightWriter,
} from '../operator';
import { preparedFrom } from '../prepared';
import { product as hostProduct, type Multiply } from '../product';
import { storedAs } from '../tree';
import {
  coreSize,
  matrixShape,
  positions,
  returned,
  type Site,
  sitesOf,
  startsLeft,
  type TrainSizes,
  turned,
} from './trainSites';
import { byBond, inputOfCore } from './trainStatistics';

declare module '../operator' {
  interface Forms {
    readonly tensorTrain: { readonly sizes: TrainSizes };
  }
}

export const tensorTrainForm: Form<'tensorTrain', { readonly sizes: TrainSizes }> = {
  describe({ sizes, shape, children }) {
    const [rows, columns] = [elements(sizes.out), elements(sizes.in)];
    const [out, inner] = matrixOf(shape);
    const padded = rows > out || columns > inner;
    return `tensorTrain ${sizes.bonds.join('·')}${storedAs(children)}${padded ? ` (padded to ${rows}×${columns})` : ''}`;
  },
  keep: ({ sizes }) => ({ sizes }),
  restore: ({ shape, children, sizes }) => tensorTrain(children, shape, sizes),
};

/**
 * The pace of contracting x with a tensor train, in multiply-adds a second, relative to a dense product. Measured
 * natively and in WebAssembly (bench/tensorTrain.ts) for sides of 1024 to 4096, where both take about as long. At 64
 * tokens: 0.8–1.2 with two sites, 0.5–1.0 with three, 0.35–0.5 with four, whose products are smaller. At one token,
 * where the dense product waits for memory: 0.7 and more, but 0.2–0.7 for a side of 256.
 */
export const CONTRACTION_PACE = 0.5;

/** The operator of a train that `linalg/tensorTrain` computed. Its cores become leaves of `type`. */
export function trainOf(cores: readonly Core[], shape: readonly number[], type: FloatType): Operator {
  const sizes = {
    out: cores.map((core) => core.shape[1]),
    in: cores.map((core) => core.shape[2]),
    bonds: cores.slice(0, -1).map((core) => core.shape[3]),
  };
  const sites = sitesOf(sizes);
  const fromLeft = startsLeft(sites);
  const leaves = sites.map((site, k) => {
    const { values } = cores[k]!;
    return denseOf(matrixShape(site, fromLeft), type, fromLeft ? turned(values, site) : values);
  });
  return tensorTrain(leaves, shape, sizes);
}

/** A train of a plan: only its sizes are known. */
export const plannedTrain = (sizes: TrainSizes, shape: readonly number[], type: FloatType): Operator => {
  const sites = sitesOf(sizes);
  const fromLeft = startsLeft(sites);
  const leaves = sites.map((site): Dense => plannedDense(matrixShape(site, fromLeft), type));
  return tensorTrain(leaves, shape, sizes);
};

/**
 * A tensor train over pairs of indices (a matrix product operator, Oseledets 2010): W[j₁…j_d, i₁…i_d] = Σ G₁[j₁, i₁,
 * χ₁]· G₂[χ₁, j₂, i₂, χ₂] ⋯, cropped to `shape`. A kernel [out, in, …taps] is a matrix [out, in·taps]. The taps do not
 * get their own site: it would carry at most 9 or 25 numbers a bond and cost one more bond, and a convolution through
 * the cores would need one convolution for each site, so it is rebuilt anyway.
 *
 * `cores` are the matrices that the sites multiply by, laid out for the cheaper order. `trainOf` makes them so.
 */
export function tensorTrain(cores: readonly Operator[], shape: readonly number[], sizes: TrainSizes): Operator {
  const sites = sitesOf(sizes);
  const fromLeft = startsLeft(sites);
  const [out, ...rest] = shape as [number, ...number[]];
  const inner = elements(rest);
  const [outWhole, inWhole] = [elements(sizes.out), elements(sizes.in)];
  const padded = outWhole > out || inWhole > inner;
  const total = (of: (core: Operator, k: number) => number) => cores.reduce((sum, core, k) => sum + of(core, k), 0);
  /** Cores `from` to `to` − 1 contracted to one: [χ, (out, in), (out, in), …, χ′]. */
  const chained = async (from: number, to: number, multiply: Multiply) => {
    let values: Float32Array<ArrayBuffer> | undefined;
    for (let k = from; k < to; k++) {
      const site = sites[k]!;
      const own = await cores[k]!.toDense(multiply);
      const core = fromLeft ? returned(own, site) : own;
      values = values
        ? await multiply(values, core, values.length / site.left, site.left, core.length / site.left)
        : core;
    }
    return values!;
  };
  const multiplyAdds = total((core, k) => positions(sites[k]!, fromLeft) * core.multiplyAdds);
  const described = { sizes, shape, children: cores };
  return {
    kind: 'tensorTrain',
    ...described,
    form: tensorTrainForm.describe(described),
    parameters: total((core) => core.parameters),
    bytes: total((core) => core.bytes),
    multiplyAdds,
    effort: () => multiplyAdds / CONTRACTION_PACE,
    with: (children) => tensorTrain(children, shape, sizes),
    inputOf(index, input, multiply) {
      const [from, to] = fromLeft ? [0, index] : [index + 1, sites.length];
      const before = async () =>
        from < to ? byBond(await chained(from, to, multiply), sites.slice(from, to), fromLeft) : undefined;
      return inputOfCore(sites[index]!, fromLeft, before, input, multiply);
    },
    async toDense(multiply = hostProduct) {
      const values = await chained(0, sites.length, multiply);
      const matrix = separated(values, sizes);
      return padded ? corner(matrix, outWhole, inWhole, out, inner) : matrix;
    },
    prepare(on) {
      const order = sites.map((_, k) => (fromLeft ? k : sites.length - 1 - k));
      const behind = (k: number) => (fromLeft ? sites[k]!.inAfter : sites[k]!.outAfter);
      const ordered = order.map((k) => cores[k]!);
      return preparedFrom(on, ordered, (prepared) => {
        const links = prepared.map((weight, i) => ({ weight, behind: behind(order[i]!) }));
        return on.chain({ rows: out, columns: inner, padded: inWhole, links });
      });
    },
    rebuildBytes:
      total((core) => core.rebuildBytes) +
      4 * rebuiltElements(sites, fromLeft) +
      4 * ((padded ? out * inner : 0) + (rest.length > 1 ? out * inner : 0)),
    rebuild(writer) {
      const whole = sites.reduce((before, site, k) => {
        const core = natural(writer, cores[k]!.rebuild(writer), site, fromLeft);
        if (k === 0) return reshaped(writer, core, [site.out * site.inner, site.right]);
        const next = reshaped(writer, core, [site.left, site.out * site.inner * site.right]);
        const both = writer.node('MatMul', [before, next]);
        return k === sites.length - 1 ? both : reshaped(writer, both, [-1, site.right]);
      }, '');
      const tensor = reshaped(
        writer,
        whole,
        sites.flatMap((site) => [site.out, site.inner]),
      );
      const perm = [...sites.map((_, k) => 2 * k), ...sites.map((_, k) => 2 * k + 1)];
      const matrix = reshaped(writer, writer.node('Transpose', [tensor], { perm }), [outWhole, inWhole]);
      const kept = padded ? cropped(writer, matrix, [0, 1], [out, inner]) : matrix;
      return rest.length > 1 ? reshaped(writer, kept, shape) : kept;
    },
    writes: (mode) => mode === 'rows',
    write(writer, x, _, stage) {
      const flat = inWhole > inner ? widened(writer, reshaped(writer, x, [-1, inner]), inWhole - inner) : x;
      const result = contracted(writer, flat, cores, sites, fromLeft);
      const kept = outWhole > out ? cropped(writer, reshaped(writer, result, [-1, outWhole]), [1], [out]) : result;
      return inPlaceOf(writer, kept, x, out, stage);
    },
  };
}

/**
 * Contracts x with one core after the other. Between two sites the value is [tokens and remaining inputs, bond,
 * finished outputs], or its mirror image, so that neighbours merge and split without a transposition.
 */
function contracted(
  writer: WeightWriter,
  x: string,
  cores: readonly Operator[],
  sites: readonly Site[],
  fromLeft: boolean,
): string {
  const order = sites.map((_, k) => (fromLeft ? k : sites.length - 1 - k));
  const stage = { last: false, spatial: false };
  return order.reduce((value, k) => {
    const site = sites[k]!;
    const depth = matrixShape(site, fromLeft)[1];
    const behind = fromLeft ? site.inAfter : site.outAfter;
    // With nothing behind the inputs one product serves all positions, instead of a small product for each.
    if (behind === 1) return writer.apply(cores[k]!, reshaped(writer, value, [-1, depth]), 'rows', stage);
    return writer.apply(cores[k]!, reshaped(writer, value, [-1, depth, behind]), 'columns', stage);
  }, x);
}

/** `value`, in which a token has `out` numbers, with all leading dimensions of x. */
function inPlaceOf(writer: WeightWriter, value: string, x: string, out: number, stage: Stage): string {
  const dims = writer.node('Shape', [x]);
  const [starts, ends, axes] = [[0], [-1], [0]];
  const leading =
    writer.opset < 10
      ? writer.node('Slice', [dims], { starts, ends, axes })
      : writer.node('Slice', [dims, writer.int64(starts), writer.int64(ends), writer.int64(axes)]);
  const all = writer.node('Concat', [leading, writer.int64([out])], { axis: 0 });
  return writer.product('Reshape', [value, all], {}, stage);
}

/** A stored core as [(left, out), (in, right)]. */
function natural(writer: NodeWriter, core: string, { left, out, inner, right }: Site, fromLeft: boolean): string {
  if (!fromLeft) return core;
  return writer.node('Transpose', [reshaped(writer, core, [out, right, left, inner])], { perm: [2, 0, 3, 1] });
}

/** Numbers of all values that `rebuild` computes from the cores, with the padded matrix. */
function rebuiltElements(sites: readonly Site[], fromLeft: boolean): number {
  let made = 1;
  return sites.reduce((sum, site, k) => {
    const core = coreSize(site) * (fromLeft ? 3 : 1);
    made *= site.out * site.inner;
    if (k === 0) return sum + core;
    const last = k === sites.length - 1;
    return sum + core + made * site.right * (last ? 4 : 2);
  }, 0);
}

function corner(matrix: Float32Array, rows: number, columns: number, out: number, inner: number) {
  if (columns === inner) return matrix.slice(0, out * inner);
  const result = new Float32Array(out * inner);
  for (let row = 0; row < Math.min(rows, out); row++) {
    result.set(matrix.subarray(row * columns, row * columns + inner), row * inner);
  }
  return result;
}
