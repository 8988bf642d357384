/**
 * What the page takes of the engine before a model is open: types, and functions that bring little along. All of
 * `src/studio` imports the engine through the files of this folder. Whatever brings the methods along is in `planning.ts`,
 * so that the first page stays small.
 */

export type { Closeness } from '../allocation/closeness';
export { byteLimit } from '../allocation/goal';
export type { ProposalName } from '../allocation/promises';
export type { Proposal, ProposalReport } from '../allocation/proposalReport';
export type { Goal, SearchPoint, SearchReport, SearchSettings } from '../allocation/report';
export { blobSource } from '../core/bytes';
export { BROKEN_RUNTIME, GPU_ERROR, isAbort, messageOf, OPEN_ELSEWHERE, UserError } from '../core/errors';
export { CONFIDENCE, type Estimated } from '../core/estimated';
export { Pace } from '../core/pace';
export type { Progress } from '../core/progress';
export { quantile } from '../core/quantile';
export { describeDrawing, describeOutputs, describeShapes, KIND_WORDS } from '../evaluation/describe';
export { type Difference, type Interval, mayBeNone, student } from '../evaluation/intervals';
export type { Metric } from '../evaluation/metrics/metric';
export type { Measured } from '../evaluation/metrics/metrics';
export {
  headlineOf,
  isWeak,
  isWithoutLabels,
  labelMetricsIn,
  lossOf,
  measuredAgainstLabels,
  measuredCloseness,
  metricNamed,
} from '../evaluation/metrics/metrics';
export { OUTPUT_KINDS } from '../evaluation/outputKinds';
export type {
  ChosenKind,
  ClassScore,
  DataReport,
  EvaluateReport,
  LatencyReport,
  OriginalReport,
} from '../evaluation/report';
export {
  dataExtensions,
  dataFileNoun,
  dataFormats,
  formatNamed,
  listedDataExtensions,
  readableFormatOf,
} from '../formats/formats';
export { sampleOf } from '../formats/sample';
export { breakEvenRank, rankForError, truncationError } from '../linalg/spectrum';
export type { AnyMethod } from '../methods/method';
export type { Control } from '../methods/options';
export type { BondsPicture } from '../methods/pictures/bonds';
export type { GridPicture } from '../methods/pictures/grid';
export type { HeatMap } from '../methods/pictures/heatMap';
export type { Histogram } from '../methods/pictures/histogram';
export type { MaskPicture } from '../methods/pictures/mask';
export type { StepPicture } from '../methods/pictures/pictures';
export type { SlotsPicture } from '../methods/pictures/slots';
export type { LayerSpectrum, TrainSpectrum } from '../methods/report';
export { factorisationCost } from '../methods/work';
export type { LayerReport, ModelReport, OtherParameters } from '../model/report';
export type { Aim } from '../operators/export/choice';
export { DEFAULT_EXPORT } from '../operators/export/choice';
export { formWords } from '../operators/formWords';
export type { FloatType, Mode, Operator } from '../operators/operator';
export type {
  BackendReport,
  EngineReport,
  EvaluateSettings,
  ExportReport,
  ExportSettings,
  Job,
  KeepingEngine,
  KeepingState,
  LayerTimes,
  MatrixPicture,
  PictureFactors,
  ProjectSummary,
  RunReport,
  SelectedStep,
  StackStep,
} from '../project/engine';
export { JobQueue, type JobState, PRIORITY } from '../project/queue';
export type { EqualBytesReport } from '../recipe/equalBytes';
export type { PlannedStep } from '../recipe/plan';
export type { StackPreview } from '../recipe/preview';
export type { CalibrationReport, CompressReport, StepReport } from '../recipe/report';
export { trialSentence } from '../recipe/report';
export type { Recipe } from '../recipe/schema';
export { describeReadBack } from '../recipe/verification/readBack';
export type { Provider } from '../runtime';
export type {
  SensitivityCell,
  SensitivityLayer,
  SensitivityLine,
  SensitivityReport,
  SensitivityRequest,
} from '../sensitivity/report';
