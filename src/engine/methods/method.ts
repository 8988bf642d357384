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

/** What every method says of itself. */
export interface MethodFace<Options> {
  /** As recipes call it. */
  readonly name: string;
  readonly title: string;
  /** What it does, in a sentence. */
  readonly summary: string;
  /** Where it was described. */
  readonly paper: string;
  /** Strict: unknown keys and impossible values are refused. Forms and help are made of it (`controlsOf`). */
  readonly options: z.ZodType<Options>;
  /** The checked options with those filled in that follow from others where they are left out. */
  resolve?(options: Options): Options;
  /** Whether these options need statistics of the layer's input. */
  needsData?(options: Options): boolean;
  /**
   * What `apply` will make of a leaf, from sizes alone: an operator whose values are not there yet. 'unknown' where the
   * size follows from the values.
   */
  plan(leaf: Dense, options: Options, context: PlanContext): Operator | Skipped | 'unknown';
  /** Whether the size of what `plan` makes is only near: that of what `apply` makes follows from values. */
  estimates?(leaf: Dense, options: Options, context: PlanContext): boolean;
  /** ‖W−Ŵ‖/‖W‖ of a leaf that `plan` rewrites, where it is known beforehand: exactly, or but for rounding. */
  predict?(leaf: Dense, options: Options, context: PlanContext): number | undefined;
  /** What a method that truncates spectra does to a measured one. */
  readonly truncation?: Truncation<Options>;
  /** "Will it help here?": what a user should know before, in sentences with numbers. */
  advice?(leaf: Dense, options: Options, context: PlanContext): string[];
  /** Ways of looking at calibration data that are known to gain by it: comparisons at equal bytes draw a line for each. */
  readonly variants?: readonly Variant<Options>[];
  /** The spectrum of a weight that these options cut, where it takes a measurement of its own; `plan` can use it. */
  measure?(
    id: string,
    weight: Dense,
    options: Options,
    factorisations: Factorisations,
    call: LongCall,
  ): Promise<TrainSpectrum>;
  /** What of the values is worth seeing after a step; null where nothing is. */
  picture?(step: PicturedStep, options: Options): StepPicture | null;
  /** What a step without data costs on a layer; absent: as much for each weight. */
  work?(layer: Pick<Layer, 'id' | 'shape'>, options: Options, factorisations: Factorisations): PiecesOfWork;
}

/** Of a method that keeps the leading singular directions of a weight: what charts of its spectrum show. */
export interface Truncation<Options> {
  /** How many directions these options keep: [rank], or [outputs, inputs] of a kernel; undefined while it is not known. */
  kept(leaf: Dense, options: Options, context: PlanContext): readonly number[] | undefined;
  /** The most directions, on both sides of a kernel, at which the file gets smaller; 0: none do. */
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
  /** Whether one budget is shared among all leaves of a step, for `prepare` to see them together. */
  shares?(options: Options): boolean;
  /** Called once a step with all leaves it works on, where these options share a budget; `apply` gets its answer. */
  prepare?(
    leaves: readonly Target[],
    options: Options,
    context: StepContext & Pick<PlanContext, 'opset'>,
  ): Promise<unknown>;
  apply(leaf: Dense, options: Options, context: MethodContext): Promise<Outcome>;
}

/** A way to make a model smaller that edits several tensors together. It works on layers that no step has rewritten. */
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
  /** Whether a step before has put another operator in the layer's place. */
  rewritten(layer: Layer): boolean;
  /** Statistics of a layer's input, or why there are none. */
  statisticsOf(layer: Layer): InputStatistics | string;
  /** For running what was edited; absent: edits are not tried. */
  readonly trial?: Trial | undefined;
}

export interface GraphEdit {
  readonly model: Model;
  /** Why layers were left as they were. */
  readonly skipped: ReadonlyMap<Layer, string>;
  /** How the edit was tried; absent where nothing was edited. */
  readonly trial?: TrialReport;
}

/** A leaf on its way through a step. */
export interface Target {
  readonly leaf: Dense;
  readonly input?: InputStatistics;
  /** The layer that it is part of, or all of. */
  readonly tree: Operator;
  /** The operator that uses the layer: "Gemm". */
  readonly op: string;
}

export interface PlanContext {
  /** Of the model's standard operators: what the exported form may use. */
  readonly opset: number;
  /** The operator that uses the layer: "Gemm". */
  readonly op: string;
  /** Of the whole layer, where it has been measured; only a leaf that is the layer itself may use it. */
  readonly spectrum?: LayerSpectrum | undefined;
  /** The same across the cuts of a train. */
  readonly train?: TrainSpectrum | undefined;
}

export interface StepContext extends LongCall {
  readonly factorisations: Factorisations;
  /** For whatever is drawn at random. */
  readonly seed: number;
}

export interface MethodContext extends StepContext, PlanContext {
  /** Statistics of what the leaf is applied to. */
  readonly input?: InputStatistics | undefined;
  /** Why there are none, as the end of a sentence: "no calibration data was given". */
  readonly noInput: string;
  /** The answer of `prepare`. */
  readonly prepared?: unknown;
}

export interface Skipped {
  readonly skipped: string;
}

export type Outcome =
  | {
      readonly operator: Operator;
      /** ‖W−Ŵ‖/‖W‖ that the method expects of its own rewriting, where it knows better than by computing it. */
      readonly predicted?: number;
      /** `prepare` found that it saves bytes together with others, whatever it takes by itself. */
      readonly weighed?: boolean;
    }
  | Skipped;

export const isSkipped = (result: object | 'unknown'): result is Skipped =>
  typeof result === 'object' && 'skipped' in result;
