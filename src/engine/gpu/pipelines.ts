import { COMPUTE_STAGE } from './constants';
import type { Device } from './device';
import { type Kernel, labelOf } from './kernel';

/** A compiled kernel. The uniform binding takes a dynamic offset, so that one bind group serves many dispatches. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** The driver does not compile a kernel. The device still works, and other kernels may compile. */
export class ShaderError extends Error {
  override name = 'ShaderError';
}

/** Compiles each kernel once per device, at its first use. */
export class Pipelines {
  readonly #compiled = new Map<Kernel, Promise<Pipeline>>();
  readonly #ready = new Map<Kernel, Pipeline>();
  constructor(private readonly device: Pick<Device, 'gpu' | 'guard'>) {}

  /** Throws a ShaderError, with line, message and source of the WGSL where these are known, for what does not compile. */
  async prepare(...kernels: readonly Kernel[]): Promise<void> {
    await Promise.all(
      kernels.map(async (kernel) => {
        let compiling = this.#compiled.get(kernel);
        if (!compiling) this.#compiled.set(kernel, (compiling = this.device.guard(this.#compile(kernel))));
        this.#ready.set(kernel, await compiling);
      }),
    );
  }

  /** A prepared kernel's pipeline. */
  get(kernel: Kernel): Pipeline {
    const found = this.#ready.get(kernel);
    if (!found) throw new Error(`The kernel ${kernel.name} was not prepared.`);
    return found;
  }

  async #compile(kernel: Kernel): Promise<Pipeline> {
    const label = labelOf(kernel);
    const { gpu } = this.device;
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ label, code: kernel.source });
    const scope = gpu.popErrorScope();
    const { messages } = await module.getCompilationInfo();
    const errors = messages.filter(({ type }) => type === 'error');
    if (errors.length || (await scope)) throw new ShaderError(compileMessage(kernel, errors));
    const layout = gpu.createBindGroupLayout({
      label,
      entries: [
        { binding: 0, visibility: COMPUTE_STAGE, buffer: { type: 'uniform', hasDynamicOffset: true } },
        ...Object.values(kernel.bindings).map((access, index) => ({
          binding: index + 1,
          visibility: COMPUTE_STAGE,
          buffer: { type: access === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      ],
    });
    const pipeline = await gpu
      .createComputePipelineAsync({
        label,
        layout: gpu.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
        compute: { module, constants: { ...kernel.overrides } },
      })
      .catch((error: Error) => {
        throw new ShaderError(`The shader ${label} does not compile: ${error.message}`, { cause: error });
      });
    return { pipeline, layout };
  }
}

function compileMessage(kernel: Kernel, errors: readonly GPUCompilationMessage[]): string {
  const lines = kernel.source.split('\n');
  const told = errors.map(({ lineNum, linePos, message }) => {
    const source = lines[lineNum - 1] ?? '';
    return `${kernel.name}:${lineNum}:${linePos}: ${message}\n  ${source}\n  ${' '.repeat(Math.max(0, linePos - 1))}^`;
  });
  return `The shader ${kernel.name} does not compile.\n${told.join('\n') || 'The adapter gave no reason.'}`;
}
