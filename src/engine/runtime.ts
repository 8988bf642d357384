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

/**
 * A tensor that stays where the session computed it: on the GPU, or in the runtime's memory where there is none. It can be
 * fed to sessions of the same provider. `toHost` or `dispose` ends it; its memory is not freed otherwise.
 */
export interface DeviceTensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Copies the values to host memory and frees the tensor. */
  toHost(): Promise<HostTensor>;
  dispose(): Promise<void>;
}

export type Feeds = Readonly<Record<string, HostTensor | DeviceTensor>>;

export interface RunOptions {
  /** The outputs that are returned; absent: all. The runtime computes all of them, but copies only these. */
  readonly fetches?: readonly string[];
}

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Resolves when the outputs are in host memory, so that a timing around it includes the GPU's work. */
  run(feeds: Feeds, options?: RunOptions): Promise<Record<string, HostTensor>>;
  release(): Promise<void>;
}

/** A session that can leave outputs on the device. */
export interface DeviceSession extends Session {
  run(feeds: Feeds, options?: RunOptions): Promise<Record<string, HostTensor>>;
  /** Returns a `DeviceTensor` for each output in `keepOnDevice`; the session was opened with these as `deviceOutputs`. */
  run<Kept extends string>(
    feeds: Feeds,
    options: RunOptions & { readonly keepOnDevice: readonly Kept[] },
  ): Promise<Record<Kept, DeviceTensor> & Record<string, HostTensor | DeviceTensor>>;
}

export interface OpenOptions {
  /**
   * Uses as little memory as possible: what is rebuilt is not folded while the model loads, all at once, but computed
   * where it is used, each time. Slower to run.
   */
  readonly lean?: boolean;
  /** Outputs that a run may keep on the device. The runtime must know them when it makes the session. */
  readonly deviceOutputs?: readonly string[];
}

export interface Runtime {
  /** For people: "onnxruntime-node 1.30.0". */
  readonly name: string;
  readonly providers: readonly Provider[];
  /** Whether sessions accept weights as external data in memory; otherwise they must be inline. */
  readonly externalData: boolean;
  open(model: SessionModel, provider: Provider, options?: OpenOptions): Promise<DeviceSession>;
}
