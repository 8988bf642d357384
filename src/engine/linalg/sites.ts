/** How the sides of a matrix are split into sites: rows = ∏ out, columns = ∏ in. Both lists have the same length. */
export interface SiteShape {
  readonly out: readonly number[];
  readonly in: readonly number[];
}

/** Throws a RangeError unless the sites are whole numbers that multiply to `[rows, columns]`. */
export function checkSites(rows: number, columns: number, sites: SiteShape): void {
  const product = (sizes: readonly number[]) => sizes.reduce((all, size) => all * size, 1);
  const whole = [...sites.out, ...sites.in].every((size) => Number.isInteger(size) && size > 0);
  const paired = sites.out.length === sites.in.length && sites.out.length > 0;
  if (!whole || !paired || product(sites.out) !== rows || product(sites.in) !== columns) {
    const text = `${sites.out.join('·')} by ${sites.in.join('·')}`;
    throw new RangeError(`The sites ${text} do not make a [${rows}, ${columns}] matrix.`);
  }
}

/** Reorders W[j₁…j_d, i₁…i_d] of `[rows, columns]` to (j₁, i₁, j₂, i₂, …), so that a cut does not split a site. */
export function interleaved(values: Float32Array, sites: SiteShape): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  each(sites, (matrix, tensor) => {
    result[tensor] = values[matrix];
  });
  return result;
}

/** The inverse of `interleaved`. */
export function separated(values: Float32Array, sites: SiteShape): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  each(sites, (matrix, tensor) => {
    result[matrix] = values[tensor];
  });
  return result;
}

function each(sites: SiteShape, visit: (matrix: number, tensor: number) => void): void {
  const strides = { out: [] as number[], in: [] as number[] };
  let stride = 1;
  for (let site = sites.out.length - 1; site >= 0; site--) {
    strides.in[site] = stride;
    stride *= sites.in[site];
    strides.out[site] = stride;
    stride *= sites.out[site];
  }
  const rows = offsets(sites.out, strides.out);
  const columns = offsets(sites.in, strides.in);
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < columns.length; column++) {
      visit(row * columns.length + column, rows[row] + columns[column]);
    }
  }
}

/** For every index over `sizes`, the first slowest, Σ digit·stride. */
function offsets(sizes: readonly number[], strides: readonly number[]): Uint32Array {
  let result = new Uint32Array(1);
  sizes.forEach((size, site) => {
    const before = result;
    result = Uint32Array.from({ length: before.length * size }, (_, at) => {
      return before[Math.floor(at / size)] + (at % size) * strides[site];
    });
  });
  return result;
}
