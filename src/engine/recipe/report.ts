/** What compressing did, in numbers; also what `carrara compress --json` prints. Bytes are stored bytes, errors relative. */
export interface CompressReport {
  readonly before: SizeReport;
  readonly after: SizeReport;
  /** Only what was rewritten. */
  readonly layers: readonly CompressedLayerReport[];
  readonly skipped: readonly SkippedLayerReport[];
  readonly backend: 'gpu' | 'cpu';
  /** Layers that were begun anew on another device, and why; absent where the GPU never failed. */
  readonly gpuFailures?: readonly string[];
  readonly ms: number;
}

export interface SizeReport {
  readonly bytes: number;
  readonly parameters: number;
}

export interface ErrorReport {
  readonly predicted: number;
  readonly measured: number;
}

export interface CompressedLayerReport {
  readonly name: string;
  /** "lowRank 32", "tucker2 24×16". */
  readonly form: string;
  /** ‖W−Ŵ‖/‖W‖. */
  readonly weightError: ErrorReport;
  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ on the calibration data. */
  readonly outputError?: ErrorReport;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly ms: number;
}

export interface SkippedLayerReport {
  readonly name: string;
  readonly reason: string;
}
