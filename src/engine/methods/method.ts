import type { z } from 'zod';
import type { PiecesOfWork } from '../core/pace';
import type { LongCall } from '../core/progress';
import type { Layer } from '../model/layers';
import type { Model } from '../model/model';
import type { Scope } from '../model/scopes';
import type { Dense, Operator } from '../operators/operator';
import type { InputStatistics } from '../operators/statistics';
import type { Factorisations } from './factorisations';
import type { PicturedStep, StepPicture } from './pictures/pictures';
import type { Trial } from './pruneStructured/trial';
import type { LayerSpectrum, TrainSpectrum, TrialReport } from './report';

/** What every method declares of itself. */
export interface MethodFace<Options> {
  /** Its name in recipes. */
  readonly name: string;
  readonly title: string;
  /** What it does, in a sentence. */
  readonly summary: string;
  /** Where it was described. */
  readonly paper: string;
  /** Strict: unknown keys and impossible values are refused. Forms and help are made of it (`controlsOf`). */
  readonly options: z.ZodType<Options>;
  /** The checked options, with defaults filled in that depend on other options. */
  resolve?(options: Options): Options;
  /** Whether these options need statistics of the layer's input. */
  needsData?(options: Options): boolean;
  /**
   * What `apply` will make of a leaf, from sizes alone: an operator without values. 'unknown' where the size depends on
   * the values.
   */
  plan(leaf: Dense, options: Options, context: PlanContext): Operator | Skipped | 'unknown';
  /** Whether the size of what `plan` makes is an estimate: the size of what `apply` makes depends on the values. */
  estimates?(leaf: Dense, options: Options, context: PlanContext): boolean;
  /** ‖W−Ŵ‖/‖W‖ of a leaf that `plan` rewrites, where it is known beforehand: exactly, or up to rounding. */
  predict?(leaf: Dense, options: Options, context: PlanContext): number | undefined;
  /** What a method that truncates spectra does to a measured one. */
  readonly truncation?: Truncation<Options>;
  /** "Will it help here?": what a user should know before running it, in sentences with numbers. */
  advice?(leaf: Dense, options: Options, context: PlanContext): string[];
  /** Ways of using calibration data that are known to help. Comparisons at equal bytes draw a line for each. */
  readonly variants?: readonly Variant<Options>[];
  /**
   * Measures the spectrum that these options cut, for a method whose spectrum is not that of the weight itself. `plan`
   * can use it.
   */
  measure?(
    id: string,
    weight: Dense,
    options: Options,
    factorisations: Factorisations,
    call: LongCall,
  ): Promise<TrainSpectrum>;
  /** What is worth seeing of the values after a step; null where nothing is. */
  picture?(step: PicturedStep, options: Options): StepPicture | null;
  /** The work of a step without data on a layer; absent: proportional to the number of weights. */
  work?(layer: Pick<Layer, 'id' | 'shape'>, options: Options, factorisations: Factorisations): PiecesOfWork;
}

/** Of a method that keeps the leading singular directions of a weight: what a chart of the spectrum shows. */
export interface Truncation<Options> {
  /**
   * How many directions these options keep: [rank], or [outputs, inputs] of a kernel; undefined while it is unknown.
   */
  kept(leaf: Dense, options: Options, context: PlanContext): readonly number[] | undefined;
  /** The largest rank, on both sides of a kernel, at which the file gets smaller; 0 where none does. */
  breakEven(leaf: Dense, context: PlanContext): number;
  /** Options that store at most this share of the bytes. */
  ofSize(size: number): Options;
}

export interface Variant<Options> {
  /** "Wanda" */
  readonly variant: string;
  /** All others are those that the method's form begins with. */
  readonly options: Partial<Options>;
}

/** A way to make a weight smaller: rewrites the dense leaves of an operator tree. */
export interface Method<Options = unknown> extends MethodFace<Options> {
  /** Whether all leaves of a step share one budget; `prepare` then sees them together. */
  shares?(options: Options): boolean;
  /** Called once for each step whose options share a budget, with all its leaves; `apply` gets the result. */
  prepare?(
    leaves: readonly Target[],
    options: Options,
    context: StepContext & Pick<PlanContext, 'opset'>,
  ): Promise<unknown>;
  apply(leaf: Dense, options: Options, context: MethodContext): Promise<Outcome>;
}

/**
 * A way to make a model smaller that edits several tensors together. It works on layers that no earlier step has
 * rewritten.
 */
export interface GraphMethod<Options = unknown> extends MethodFace<Options> {
  edit(
    model: Model,
    main: Scope,
    layers: readonly Layer[],
    options: Options,
    context: GraphContext,
  ): Promise<GraphEdit>;
}

export type AnyMethod = Method | GraphMethod;

export const isGraphMethod = (method: AnyMethod): method is GraphMethod => 'edit' in method;

export interface GraphContext extends StepContext {
  /** All layers of the model, whether or not the step selects them. */
  readonly layers: readonly Layer[];
  /** Whether an earlier step has rewritten the layer. */
  rewritten(layer: Layer): boolean;
  /** Statistics of a layer's input, or why there are none. */
  statisticsOf(layer: Layer): InputStatistics | string;
  /** Runs what was edited. Absent: edits are not tried. */
  readonly trial?: Trial | undefined;
}

export interface GraphEdit {
  readonly model: Model;
  /** Why layers were left as they were. */
  readonly skipped: ReadonlyMap<Layer, string>;
  /** How the edit was tried; absent where nothing was edited. */
  readonly trial?: TrialReport;
}

/** A leaf that a step will rewrite. */
export interface Target {
  readonly leaf: Dense;
  readonly input?: InputStatistics;
  /** The whole layer; the leaf is part of it, or all of it. */
  readonly tree: Operator;
  /** The operator that uses the layer: "Gemm". */
  readonly op: string;
}

export interface PlanContext {
  /** The opset of the model's standard operators: the exported form may use no later ones. */
  readonly opset: number;
  /** The operator that uses the layer: "Gemm". */
  readonly op: string;
  /** The spectrum of the whole layer, where it has been measured. Only a leaf that is the layer itself may use it. */
  readonly spectrum?: LayerSpectrum | undefined;
  /** The spectra across the cuts of a train. */
  readonly train?: TrainSpectrum | undefined;
}

export interface StepContext extends LongCall {
  readonly factorisations: Factorisations;
  /** Seeds everything that is drawn at random. */
  readonly seed: number;
}

export interface MethodContext extends StepContext, PlanContext {
  /** Statistics of the leaf's input. */
  readonly input?: InputStatistics | undefined;
  /** Why there are none, as the end of a sentence: "no calibration data was given". */
  readonly noInput: string;
  /** What `prepare` returned. */
  readonly prepared?: unknown;
}

export interface Skipped {
  readonly skipped: string;
}

export type Outcome =
  | {
      readonly operator: Operator;
      /** ‖W−Ŵ‖/‖W‖ by the method's own theory, where that is more precise than computing it from the values. */
      readonly predicted?: number;
      /** `prepare` found that it saves bytes together with other leaves, even if it does not by itself. */
      readonly weighed?: boolean;
    }
  | Skipped;

export const isSkipped = (result: object | 'unknown'): result is Skipped =>
  typeof result === 'object' && 'skipped' in result;
