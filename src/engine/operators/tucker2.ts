import type { Operator } from './operator';
import { product } from './product';

/**
 * A convolution [out, in, …kernel] as three: 1×1 in → r1, kernel r1 → r2, 1×1 r2 → out (Kim et al. 2016). `input` is
 * [r1, in], `core` [r2, r1, …kernel], `output` [out, r2]. Stride, padding and dilation stay on the core.
 */
export function tucker2(input: Operator, core: Operator, output: Operator): Operator {
  const [rIn, inner] = input.shape as [number, number];
  const [out, rOut] = output.shape as [number, number];
  const kernel = core.shape.slice(2);
  return {
    kind: 'tucker2',
    form: `tucker2 ${rOut}×${rIn}`,
    shape: [out, inner, ...kernel],
    parameters: input.parameters + core.parameters + output.parameters,
    bytes: input.bytes + core.bytes + output.bytes,
    // At stride 1; at stride s the input stage sees s² positions for each of the output's.
    multiplyAdds: input.multiplyAdds + core.multiplyAdds + output.multiplyAdds,
    async toDense(multiply = product) {
      const taps = kernel.reduce((count, size) => count * size, 1);
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
    mapLeaves: async (rewrite) =>
      tucker2(await input.mapLeaves(rewrite), await core.mapLeaves(rewrite), await output.mapLeaves(rewrite)),
    write(writer, x, mode, stage) {
      const narrow = input.write(writer, x, mode, { last: false, spatial: false });
      const convolved = core.write(writer, narrow, mode, { last: false, spatial: stage.spatial });
      return output.write(writer, convolved, mode, { last: stage.last, spatial: false });
    },
  };
}

/** [a, b, c] → [a, c, b]. */
function swapLastTwo(values: Float32Array, a: number, b: number, c: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) for (let k = 0; k < c; k++) out[(i * c + k) * b + j] = values[(i * b + j) * c + k]!;
  }
  return out;
}
