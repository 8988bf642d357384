import {
  type CalibrationReport,
  type CompressReport,
  describeDrawing,
  describeOutputs,
  describeShapes,
  type EvaluateReport,
  isWithoutLabels,
  type LatencyReport,
  type OriginalReport,
} from '../../engine/page/light';
import { formatBytes, formatChange, formatCount, formatInteger } from '../format';
import type { JobKind } from '../state/types/jobs';

/**
 * A row of the comparison. `tone` is set only where the change is more than rounding; for a latency, more than the
 * spread; for an accuracy, more than its standard error.
 */
export interface Row {
  readonly name: string;
  /** What the figure is and how it was obtained. */
  readonly note: string;
  readonly original: string;
  readonly compressed: string;
  readonly change: string;
  readonly tone?: 'better' | 'worse';
  /** The figure says little on these inputs, so it is shown in grey. */
  readonly quiet?: boolean;
  /** The spread of a latency, or the interval of a value, shown under the figures. */
  readonly spread?: readonly [string, string];
  /** What to know of the change, shown under it. */
  readonly changeNote?: string;
}

/** An evaluation in which both models were timed. */
export type Timed = EvaluateReport & Required<Pick<EvaluateReport, 'latencyMs' | 'timings'>>;

export const isTimed = (evaluation: EvaluateReport): evaluation is Timed =>
  evaluation.latencyMs !== undefined && evaluation.timings !== undefined;

/** Three different sizes, and the number of parameters. They are known as soon as the model is compressed. */
export function sizeRows({ before, after, memory }: CompressReport): Row[] {
  return [
    {
      name: 'file',
      note: 'Bytes of the exported file with its external data.',
      original: formatBytes(before.bytes),
      compressed: formatBytes(after.bytes),
      ...relative(before.bytes, after.bytes),
    },
    {
      name: 'memory',
      note: "The weights' bytes while the model runs: dense ones where they are rebuilt on loading. Estimated.",
      ...estimated(before.bytes, memory.estimatedResident),
    },
    {
      name: 'load peak',
      note: 'The bytes that exist at once while the exported file is loaded: what is stored and all that is folded. Estimated.',
      ...estimated(before.bytes, memory.estimatedLoad),
    },
    {
      name: 'parameters',
      note: 'Stored numbers, counted.',
      original: formatCount(before.parameters),
      compressed: formatCount(after.parameters),
      ...relative(before.parameters, after.parameters),
    },
  ];
}

// "≈" marks an estimate. The original's weights take as many bytes in memory as in its file.
const estimated = (before: number, after: number) => ({
  original: `≈${formatBytes(before)}`,
  compressed: `≈${formatBytes(after)}`,
  ...relative(before, after),
});

export function latencyRow({ latencyMs: { before, after }, batch, provider, timings }: Timed): Row {
  return {
    name: `latency, batch ${batch}`,
    note: `Median of ${timings.before.length} and ${timings.after.length} warm runs on ${providerName(provider)}; p10 to p90 below. Measured.`,
    original: formatMs(before.median),
    compressed: formatMs(after.median),
    spread: [formatSpread(before), formatSpread(after)],
    change: formatChange(after.median / before.median - 1),
    // A user would not notice a median that lies within the other model's spread.
    ...(after.median < before.p10 && { tone: 'better' as const }),
    ...(after.median > before.p90 && { tone: 'worse' as const }),
  };
}

/** Sentences that say on which data the figures were measured. */
export function describeData(evaluation: EvaluateReport, calibration?: CalibrationReport): string {
  return [
    measuredWith(evaluation),
    ...[describeOutputs(evaluation) ?? []].flat(),
    ...[describeDrawing(evaluation) ?? []].flat(),
    ...(calibration ? [calibratedOn(calibration)] : []),
  ].join(' ');
}

/** On which data the original was measured, before it is compared. */
export function describeOriginal({ data, samples, samplesOf, provider }: OriginalReport): string {
  return `The original on ${countedSamples(samples, samplesOf)} of ${data}, labelled, on ${providerName(provider)}. Small figures: 95 % confidence.`;
}

/** "64 of 2,000 samples" */
function countedSamples(samples: number, samplesOf?: number): string {
  const whole = samplesOf ?? samples;
  const part = samplesOf === undefined ? '' : `${formatInteger(samples)} of `;
  return `${part}${formatInteger(whole)} ${whole === 1 ? 'sample' : 'samples'}`;
}

function calibratedOn({ data, samples, samplesOf }: CalibrationReport): string {
  const many = `${formatInteger(samples)} ${samples === 1 ? 'sample' : 'samples'}`;
  return samplesOf === undefined
    ? `Calibrated on ${many} of ${data}.`
    : `Calibrated on ${many} of ${data}, which were left out here.`;
}

function measuredWith({ data, samples, samplesOf, metric, provider, shapes = {} }: EvaluateReport): string {
  const on = providerName(provider);
  const many = countedSamples(samples, samplesOf);
  if (data === 'generated')
    return `Measured with ${many} of generated inputs${Object.keys(shapes).length > 0 ? ` (${describeShapes(shapes)})` : ''} on ${on}. Only real data tells whether the model still works.`;
  if (isWithoutLabels({ metric }))
    return `Measured with ${many} of ${data} on ${on}. Without labels this is closeness to the original, not accuracy.`;
  return `Measured with ${many} of ${data}, labelled, on ${on}.`;
}

/** A sentence that says what the panel is waiting for; null where all figures are shown. */
export function describeState({ job, compressed, measured, timed, ticked, compressible }: PanelState): string | null {
  if (job === 'compress') return 'Compressing. The result appears here, next to the original.';
  if (job === 'evaluate')
    return measured && !timed
      ? 'Everything but latency is measured. Both models are being timed.'
      : measured
        ? 'Running both models again; until that is done, the figures are those of the last comparison.'
        : 'Sizes are counted. Both models are running, to measure the rest.';
  if (measured) return null;
  if (compressed) return 'Sizes are counted. Press Compare to run both models and measure the rest.';
  if (!compressible) return null;
  return ticked > 0
    ? 'Choose a budget and press Compress. The result appears here, next to the original.'
    : 'Tick the layers to compress in the list. The result appears here, next to the original.';
}

export interface PanelState {
  readonly job: JobKind | undefined;
  /** Whether there is a run to show. `measured`: whether it has been compared. */
  readonly compressed: boolean;
  readonly measured: boolean;
  /** Whether its comparison has latencies. */
  readonly timed: boolean;
  /** How many layers Compress would compress. */
  readonly ticked: number;
  /** Whether the model has a layer that can be ticked. */
  readonly compressible: boolean;
}

export function providerName(provider: EvaluateReport['provider']): string {
  return { wasm: 'WASM', webgpu: 'WebGPU', cpu: 'CPU' }[provider];
}

/** 0.0123 → "0.0123", 12345 → "12,300": three significant digits, two for tiny figures, never an exponent. */
export function formatFigure(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size < 1e-6) return '< 0.000001';
  if (size >= 1e12) return '> 1,000,000,000,000';
  const sign = value < 0 ? '−' : '';
  if (size < 1e-3) return sign + size.toFixed(Math.ceil(-Math.log10(size)) + 1);
  const rounded = size.toPrecision(3);
  return sign + (size >= 999.5 ? formatInteger(Number(rounded)) : rounded);
}

export function formatMs(ms: number): string {
  return ms >= 999.5 ? `${(ms / 1000).toPrecision(3)} s` : `${ms.toPrecision(3)} ms`;
}

// In the same unit as the median above it: the column has no room for another unit.
function formatSpread({ median, p10, p90 }: LatencyReport): string {
  const digits = (ms: number) => (median >= 999.5 ? (ms / 1000).toPrecision(3) : threeDigits(ms));
  return `${digits(p10)}–${digits(p90)}`;
}

/** How long a layer took, rounded for a narrow column. */
export function formatDuration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

const threeDigits = (value: number): string => (value >= 999.5 ? value.toFixed(0) : value.toPrecision(3));

/** The text of a relative change, where smaller is better. */
export function relative(before: number, after: number): Pick<Row, 'change' | 'tone'> {
  const change = after / before - 1;
  if (Math.abs(change) < 5e-4) return { change: change === 0 ? '0' : formatChange(change, 2) };
  return { change: formatChange(change, Math.abs(change) < 0.1 ? 1 : 0), tone: change < 0 ? 'better' : 'worse' };
}
