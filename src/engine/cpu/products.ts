import { DataType, modelBytes, node, tensor, value } from '../model/onnx/build';
import type { Provider, Runtime, Session } from '../runtime';

/**
 * Matrix products as one-node ONNX models, because onnxruntime's kernels are 10 to 100 times faster than loops in
 * JavaScript. Sessions are opened when first needed and kept.
 */
export class Products {
  readonly #sessions = new Map<string, Promise<Session>>();
  readonly #provider: Provider;

  constructor(private readonly runtime: Runtime) {
    this.#provider = runtime.providers.includes('cpu') ? 'cpu' : 'wasm';
  }

  /** op(a)·op(b) in float32; shapes `[rows, columns]` are those of the stored matrices. */
  async multiply(a: Dense, b: Dense, transposeA: boolean, transposeB: boolean): Promise<Float32Array<ArrayBuffer>> {
    const session = await this.#session(`gemm ${transposeA} ${transposeB}`, () =>
      modelBytes({
        nodes: [node('Gemm', ['a', 'b'], ['y'], { transA: Number(transposeA), transB: Number(transposeB) })],
        inputs: [value('a', DataType.FLOAT, ['p', 'q']), value('b', DataType.FLOAT, ['r', 's'])],
        outputs: [value('y', DataType.FLOAT, ['t', 'u'])],
      }),
    );
    const { y } = await session.run({
      a: { type: 'float32', dims: [a.rows, a.columns], data: a.values },
      b: { type: 'float32', dims: [b.rows, b.columns], data: b.values },
    });
    return y.data as Float32Array<ArrayBuffer>;
  }

  /**
   * x·xᵀ in float64, for x [m, c]. Einsum is the only product of doubles in the web's build of onnxruntime, which lacks
   * Gemm and MatMul in float64, and even the Cast from float32.
   */
  async gram(x: Float64Array, rows: number, columns: number): Promise<Float64Array<ArrayBuffer>> {
    const session = await this.#session('gram', () =>
      modelBytes({
        nodes: [node('Einsum', ['x', 'x'], ['y'], { equation: 'ik,jk->ij' })],
        inputs: [value('x', DataType.DOUBLE, ['m', 'c'])],
        outputs: [value('y', DataType.DOUBLE, ['m', 'm'])],
      }),
    );
    const { y } = await session.run({ x: { type: 'float64', dims: [rows, columns], data: x } });
    return y.data as Float64Array<ArrayBuffer>;
  }

  /**
   * x·Wᵀ with W [rows, columns] as a constant of its own model, as for a layer's weight. The runtime lays it out once.
   */
  weight(values: Float32Array, rows: number, columns: number): Promise<Session> {
    const bytes = modelBytes({
      nodes: [node('Gemm', ['x', 'w'], ['y'], { transB: 1 })],
      inputs: [value('x', DataType.FLOAT, ['tokens', columns])],
      outputs: [value('y', DataType.FLOAT, ['tokens', rows])],
      initializers: [tensor('w', [rows, columns], values)],
    });
    return this.runtime.open({ bytes, externalData: [] }, this.#provider);
  }

  release(): void {
    for (const opening of this.#sessions.values()) {
      opening.then(
        (session) => session.release(),
        () => undefined,
      );
    }
    this.#sessions.clear();
  }

  #session(key: string, model: () => Uint8Array): Promise<Session> {
    let session = this.#sessions.get(key);
    if (!session) {
      session = this.runtime.open({ bytes: model(), externalData: [] }, this.#provider);
      session.catch(() => this.#sessions.delete(key));
      this.#sessions.set(key, session);
    }
    return session;
  }
}

export interface Dense {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}
