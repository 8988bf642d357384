/**
 * onnxruntime as the engine needs it. The page builds one on onnxruntime-web, the command line on onnxruntime-node
 * (`createRuntime` in `runtime/`), and both hand it down, so that the engine imports neither.
 */
export type Provider = 'wasm' | 'webgpu' | 'cpu';

/** Element types as onnxruntime names them. */
export type ElementType =
  | 'float32'
  | 'float16'
  | 'float64'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string';

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | string[];

/** A tensor in host memory. float16 travels as Uint16Array bit patterns, bool as Uint8Array. */
export interface HostTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** What a session needs of a model: the serialised graph, and weights that stay outside it. */
export interface SessionModel {
  readonly bytes: Uint8Array;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Resolves when the outputs are in host memory, so that a timing around it includes the GPU's work. */
  run(feeds: Readonly<Record<string, HostTensor>>): Promise<Record<string, HostTensor>>;
  release(): Promise<void>;
}

export interface OpenOptions {
  /**
   * Takes as little memory as there is: what is rebuilt is not folded while the model loads, all at once, but computed
   * where it is used, each time. Slower to run.
   */
  readonly lean?: boolean;
}

export interface Runtime {
  /** For people: "onnxruntime-node 1.30.0". */
  readonly name: string;
  readonly providers: readonly Provider[];
  /** Whether sessions accept weights as external data in memory; otherwise they must be inline. */
  readonly externalData: boolean;
  open(model: SessionModel, provider: Provider, options?: OpenOptions): Promise<Session>;
}
