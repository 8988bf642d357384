import type { TrialReport } from '../methods/report';

/** The result of compressing in numbers; `carrara compress --json` prints it. Bytes are stored bytes; errors are relative. */
export interface CompressReport {
  readonly before: SizeReport;
  readonly after: SizeReport;
  /** What the exported model's weights take in memory while it runs, with rebuilt dense weights, and while it loads. */
  readonly memory: { readonly estimatedResident: number; readonly estimatedLoad: number };
  /** Only what was rewritten. */
  readonly layers: readonly CompressedLayerReport[];
  readonly skipped: readonly SkippedLayerReport[];
  readonly backend: 'gpu' | 'cpu';
  /** What the steps that need data were calibrated on; absent where no step does. */
  readonly calibration?: CalibrationReport;
  /** How cuts were tried on a sample; absent where nothing was cut. */
  readonly trial?: TrialReport;
  /** Layers that were begun again on another device, and why; absent where the GPU never failed. */
  readonly gpuFailures?: readonly string[];
  readonly ms: number;
}

export interface CalibrationReport {
  readonly data: string;
  readonly samples: number;
  /** How many samples the data has, where only a part of them is used for calibration. */
  readonly samplesOf?: number;
  /** Of the samples that were used. */
  readonly sha256: string;
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
  /** "lowRank 32", "tucker2 24×16", "quantized 4 bits". */
  readonly form: string;
  /** Rows of the weight: neurons, or channels of a convolution's output. */
  readonly outputs: number;
  /** ‖W−Ŵ‖/‖W‖. */
  readonly weightError: ErrorReport;
  /** ‖X(W−Ŵ)ᵀ‖/‖XWᵀ‖ on the calibration data. */
  readonly outputError?: ErrorReport;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly parametersBefore: number;
  readonly parametersAfter: number;
  /**
   * What its weight takes when the exported model runs, and at most while it is loaded, as far as operators tell: what
   * layers share while loading is divided among them.
   */
  readonly memory: { readonly estimatedResident: number; readonly estimatedLoad: number };
  /** One for each of the recipe's steps that selected the layer. */
  readonly steps: readonly StepReport[];
  readonly ms: number;
}

/** A layer after one step of its stack. */
export interface StepReport {
  readonly method: string;
  readonly form: string;
  /** ‖Ŵ before − Ŵ after‖/‖W‖: what this step alone adds; the layer's predicted error is the root of their squares' sum. */
  readonly added: number;
  /** ‖W−Ŵ‖/‖W‖ after this step. */
  readonly error: number;
  readonly bytes: number;
  readonly parameters: number;
  /** In the operator's own form, for one token or position. */
  readonly multiplyAdds: number;
  /** How many outputs have lost all of their weights; absent for none. `error` doesn't show it where those were small. */
  readonly lostOutputs?: number;
  /** Why the step left the layer, or parts of it, as it was. */
  readonly skipped?: string;
  /** Present where the step could not come down to the size that it was asked for. */
  readonly missedSize?: MissedSize;
}

/** Shares of the bytes before a step. */
export interface MissedSize {
  readonly asked: number;
  readonly reached: number;
}

export interface SkippedLayerReport {
  readonly name: string;
  readonly reason: string;
  /** The weight is stored compressed or quantised already. */
  readonly already?: true;
}

/** How the cuts of a run were tried, in a sentence. */
export function trialSentence({ ran, data, generated, note, parts }: TrialReport): string {
  const what = parts ? 'model without the dropped parts was' : 'cuts were';
  if (!ran)
    return `The ${what} not tried on a run (${note}): ${parts ? 'it rests' : 'they rest'} on what the graph shows alone.`;
  const sample = generated ? 'one sample of made-up inputs' : `one sample of ${data}`;
  if (parts) return `The ${what} tried on ${sample}: it runs, and its outputs have the shapes that they had.`;
  return `The cuts were tried on ${sample}: the model gives what the original gives where every weight that reads a removed unit is zero.`;
}
