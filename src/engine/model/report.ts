/** What a model is, in plain words and numbers. */
export interface ModelReport {
  readonly name: string;
  readonly opset: number;
  readonly producer: string;
  /** Serialised size with its external data, in bytes. */
  readonly bytes: number;
  readonly parameters: number;
  readonly layers: readonly LayerReport[];
  /** What is in no layer: layers' and others' parameters add up to the model's. */
  readonly others: readonly OtherParameters[];
  readonly inputs: readonly ValueReport[];
  readonly outputs: readonly ValueReport[];
}

/** Tensors that no method looks at, for one reason. */
export interface OtherParameters {
  /** As the end of a sentence about them. */
  readonly reason: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
  /** Names of the stored tensors. */
  readonly weights: readonly string[];
}

export interface ValueReport {
  readonly name: string;
  readonly type: string;
  /** A number, or the name of a symbolic dimension. */
  readonly shape: readonly (number | string)[];
}

export interface LayerReport {
  /** Unique within the model; stays the same for the same weight in models derived from it. */
  readonly id: string;
  /** What a recipe calls it: its first consumer's node name, or its weight's name. */
  readonly name: string;
  /** Name of the stored tensor. */
  readonly weight: string;
  readonly op: string;
  /**
   * [out, in] for MatMul and Gemm, [out, in/groups, kh, kw] for Conv, [in, out/groups, kh, kw] for ConvTranspose,
   * [rows, columns] for Gather.
   */
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly bytes: number;
  readonly dtype: string;
  readonly compressible: boolean;
  readonly reason?: string;
  /** What it is stored as, where it was compressed or quantised before. */
  readonly stored?: string;
  readonly consumers: readonly string[];
  /** A convolution in groups, or a transposed one: it has no form but the dense one when it runs. */
  readonly grouped?: true;
  /** Why nothing shows what it is applied to, whatever the data, as the end of a sentence. */
  readonly noInput?: string;
}
