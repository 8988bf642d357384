/** Scalars of a uniform struct in WGSL's order; each takes four bytes, so that the layout has no padding. */
export type UniformLayout = Readonly<Record<string, 'u32' | 'f32'>>;
export type UniformValues<L extends UniformLayout> = { readonly [K in keyof L]: number };

/**
 * A compute kernel as a value. It repeats what its WGSL file declares, and a test compares both. Binding 0 is the
 * uniform struct; `bindings` follow it in order.
 */
export interface Kernel<L extends UniformLayout = UniformLayout> {
  readonly name: string;
  readonly source: string;
  readonly uniforms: L;
  readonly bindings: Readonly<Record<string, 'read' | 'read_write'>>;
  /** Values of the WGSL `override` constants: tile and workgroup sizes. */
  readonly overrides: Readonly<Record<string, number>>;
  /** Workgroups in x and y. */
  grid(uniforms: UniformValues<L>): readonly [number, number];
}

/** Types a kernel by its own layout. */
export function kernel<const L extends UniformLayout>(declared: Kernel<L>): Kernel<L> {
  return declared;
}

/** Writes the struct's bytes at `offset`. */
export function writeUniforms(
  view: DataView,
  offset: number,
  layout: UniformLayout,
  values: UniformValues<UniformLayout>,
) {
  let at = offset;
  for (const [name, type] of Object.entries(layout)) {
    if (type === 'u32') view.setUint32(at, values[name], true);
    else view.setFloat32(at, values[name], true);
    at += 4;
  }
}

/** The name in messages of WGSL and in GPU traces. */
export function labelOf(declared: Kernel): string {
  const overrides = Object.entries(declared.overrides).map(([name, value]) => `${name}=${value}`);
  return [declared.name, ...overrides].join(' ');
}

/** A kernel among kernels of other layouts. */
export const anyKernel = (declared: unknown): Kernel => declared as Kernel;
