import { elements, type Form, type Operator } from '../operator';
import { preparedFrom } from '../prepared';
import { product } from '../product';
import { fromGram, type InputStatistics, through } from '../statistics';
import { storedAs } from '../tree';

declare module '../operator' {
  interface Forms {
    /** Channels that go into the kernel, and that come out of it. */
    readonly tucker2: { readonly rankIn: number; readonly rankOut: number };
  }
}

export const tucker2Form: Form<'tucker2'> = {
  describe: ({ rankIn, rankOut, children }) => `tucker2 ${rankOut}×${rankIn}${storedAs(children)}`,
  keep: () => ({}),
  restore: ({ children: [input, core, output] }) => tucker2(input!, core!, output!),
};

/**
 * A convolution [out, in, …kernel] as three convolutions: 1×1 in → r1, kernel r1 → r2, 1×1 r2 → out (Kim et al. 2016).
 * `input` is [r1, in], `core` [r2, r1, …kernel], `output` [out, r2]. The core has the stride, padding and dilation.
 */
export function tucker2(input: Operator, core: Operator, output: Operator): Operator {
  const [rIn, inner] = input.shape as [number, number];
  const [out, rOut] = output.shape as [number, number];
  const kernel = core.shape.slice(2);
  const taps = elements(kernel);
  const sizes = {
    rankIn: rIn,
    rankOut: rOut,
    shape: [out, inner, ...kernel],
    children: [input, core, output],
  };
  return {
    kind: 'tucker2',
    ...sizes,
    form: tucker2Form.describe(sizes),
    parameters: input.parameters + core.parameters + output.parameters,
    bytes: input.bytes + core.bytes + output.bytes,
    // At stride 1. At stride s the input stage computes s² positions for each position of the output.
    multiplyAdds: input.multiplyAdds + core.multiplyAdds + output.multiplyAdds,
    with: ([first, second, third]) => tucker2(first!, second!, third!),
    async inputOf(index, unfolded, multiply) {
      if (index === 0) return overTaps(unfolded, inner, taps);
      const narrow = await through(unfolded, onEachTap(await input.toDense(), rIn, inner, taps), rIn * taps, multiply);
      return index === 1 ? narrow : through(narrow, await core.toDense(), rOut, multiply);
    },
    async toDense(multiply = product) {
      // [rOut, rIn, taps] → [rOut·taps, rIn] · input → [rOut, in, taps] → output · [rOut, in·taps]
      const coreByTap = swapLastTwo(await core.toDense(multiply), rOut, rIn, taps);
      const expanded = await multiply(coreByTap, await input.toDense(multiply), rOut * taps, rIn, inner);
      return multiply(
        await output.toDense(multiply),
        swapLastTwo(expanded, rOut, taps, inner),
        out,
        rOut,
        inner * taps,
      );
    },
    // x is patches [in, taps]: the first factor is applied to each tap by itself.
    prepare: (on) =>
      preparedFrom(on, [input, core, output], (stages) =>
        on.chain({
          rows: out,
          columns: inner * taps,
          padded: inner * taps,
          links: stages.map((weight, k) => ({ weight, behind: k === 0 ? taps : 1 })),
        }),
      ),
    rebuildBytes:
      input.rebuildBytes +
      core.rebuildBytes +
      output.rebuildBytes +
      4 * (2 * rOut * rIn * taps + 2 * rOut * taps * inner + out * inner * taps),
    rebuild(writer) {
      const swapped = (value: string, dims: readonly number[]) =>
        writer.node('Transpose', [writer.node('Reshape', [value, writer.int64(dims)])], { perm: [0, 2, 1] });
      const coreByTap = swapped(core.rebuild(writer), [rOut, rIn, taps]);
      const inputs = writer.node('Reshape', [input.rebuild(writer), writer.int64([rIn, inner])]);
      const expanded = swapped(writer.node('MatMul', [coreByTap, inputs]), [rOut, taps, inner]);
      const outputs = writer.node('Reshape', [output.rebuild(writer), writer.int64([out, rOut])]);
      const flat = writer.node('Reshape', [expanded, writer.int64([rOut, inner * taps])]);
      const whole = writer.node('MatMul', [outputs, flat]);
      return writer.node('Reshape', [whole, writer.int64([out, inner, ...kernel])]);
    },
    write(writer, x, mode, stage) {
      const narrow = writer.apply(input, x, mode, { last: false, spatial: false });
      const convolved = writer.apply(core, narrow, mode, { last: false, spatial: stage.spatial });
      return writer.apply(output, convolved, mode, { last: stage.last, spatial: false });
    },
  };
}

/** Statistics of the channels, averaged over the taps. The taps differ at the edges only. */
async function overTaps(input: InputStatistics, channels: number, taps: number): Promise<InputStatistics> {
  const gram = await input.gram();
  const mean = new Float64Array(channels * channels);
  for (let a = 0; a < channels; a++) {
    for (let b = 0; b < channels; b++) {
      for (let k = 0; k < taps; k++)
        mean[a * channels + b]! += gram[(a * taps + k) * input.size + b * taps + k]! / taps;
    }
  }
  return fromGram(mean, channels, input.samples);
}

/** B ⊗ I: B [rows, columns] applied to each tap by itself, [rows·taps, columns·taps]. */
function onEachTap(b: Float32Array, rows: number, columns: number, taps: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows * taps * columns * taps);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < taps; k++) out[(i * taps + k) * columns * taps + j * taps + k] = b[i * columns + j]!;
    }
  }
  return out;
}

/** [a, b, c] → [a, c, b]. */
function swapLastTwo(values: Float32Array, a: number, b: number, c: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) out[(i * c + k) * b + j] = values[(i * b + j) * c + k]!;
  }
  return out;
}
