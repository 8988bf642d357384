/** Twin of fma.wgsl: the sum of 32 chains x ← x·factor + term of each of `invocations`, from the values it starts with. */
export function fma(invocations: number, steps: number, factor: number, term: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: invocations }, (_, invocation) => {
    let sum = 0;
    for (let chain = 0; chain < 32; chain++) {
      let x = chain + (invocation % 16);
      for (let step = 0; step < steps; step++) x = x * factor + term;
      sum += x;
    }
    return sum;
  });
}

/** Twin of copy.wgsl. */
export const copy = (source: ArrayLike<number>): Float64Array<ArrayBuffer> => Float64Array.from(source);
