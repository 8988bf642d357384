import type { Calibration } from '../calibration/calibration';
import { UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import type { Dataset } from '../evaluation/dataset';
import { openFolded } from '../evaluation/foldedSession';
import { openModel } from '../evaluation/openModel';
import { relativeDistance } from '../linalg/distance';
import type { Factorisations } from '../methods/factorisations';
import { type Layer, layersIn } from '../model/layers';
import { type Model, opsetOf } from '../model/model';
import { dense } from '../operators/dense/dense';
import { addedBytes } from '../operators/export/graphOverhead';
import { replaceWeights } from '../operators/export/replace';
import type { Dense, FloatType, Operator } from '../operators/operator';
import { multiplyOn } from '../operators/product';
import { weightOf } from '../operators/weight';
import { compress } from '../recipe/compress';
import type { KeptResult } from '../recipe/runner/keptResults';
import { checkRecipe } from '../recipe/schema';
import type { Runtime, Session } from '../runtime';
import { type Assignment, describeAssignment, exactNames, recipeOf } from './assignment';
import type { Closeness } from './closeness';
import { Comparison } from './comparison';
import { convexMoves } from './convexMoves';
import { type Level, levelsFor, PROBED } from './levels';
import { describePromise, keeps, PROMISES, type Promised } from './promises';
import type { Proposal, ProposalReport } from './proposalReport';

export interface ProposalContext {
  readonly model: Model;
  readonly runtime: Runtime;
  readonly factorisations: Factorisations;
  readonly data: Dataset;
  /** Makes up to so many samples, where the data are made up. */
  readonly moreData?: ((samples: number) => Dataset) | undefined;
  /** For rounding that looks at data. */
  readonly calibration?: Calibration | undefined;
}

/** A recipe that was run, with what was measured of its result. */
interface Candidate {
  readonly title: string;
  readonly recipe: object;
  readonly bytes: number;
  readonly search: Closeness;
  readonly check: Closeness;
}

/** What a level makes of a layer. */
interface Made {
  readonly operator: Operator;
  /** ‖W−Ŵ‖/‖W‖ */
  readonly error: number;
  /** By which the file grows; negative where it shrinks. */
  readonly added: number;
}

/** A layer whose distance was measured at one level, all other layers as they were. */
interface Probe {
  readonly distance: number;
  readonly error: number;
}

/** How long the search works, all together; a quarter of it remains for what is chosen by the probes. */
const BUDGET_MS = 45_000;
const PROBING_SHARE = 0.6;

/** About how many choices are tried for a promise, to tell how long it takes. */
const TRIALS_OF_PROMISE = 24;
/** By how many standard errors a choice keeps its promise on the samples of the search. */
const MARGIN = 1;
/** Moves that are tried one by one after those that keep a promise together. */
const MOST_MOVES = 40;

/** By the position of the layer; undefined leaves it as it is. */
type Levels = readonly (Level | undefined)[];

/**
 * Looks for three small models that keep promises. It begins with one level for all layers; then it measures what the
 * answer loses when single layers are compressed, and chooses a level for each, so that the least is lost for the bytes.
 * Predictions only say what is tried: every proposal was compressed as a run compresses it, and measured. A search that was
 * stopped goes on where it was when it is run again.
 */
export class ProposalSearch {
  readonly #layers: readonly Layer[];
  readonly #names: ReadonlyMap<string, string>;
  readonly #levels: readonly Level[];
  readonly #candidates = new Map<string, Candidate>();
  readonly #made = new Map<string, Map<Level, Made>>();
  readonly #probes = new Map<string, Probe>();
  readonly #searched = new Map<string, Closeness>();
  readonly #results = new Map<string, KeptResult>();
  readonly #weights = new Map<string, Promise<Float32Array<ArrayBuffer>>>();
  #comparison: Comparison | undefined;
  #originalBytes = 0;
  #spentMs = 0;
  #done = false;

  constructor(private readonly context: ProposalContext) {
    const { layers } = layersIn(context.model);
    this.#names = exactNames(layers);
    this.#layers = layers.filter(({ id, compressible }) => compressible && this.#names.has(id));
    this.#levels = levelsFor(context.calibration !== undefined);
  }

  /** `original`: its session. Throws a UserError where nothing can be compressed or compared, and the signal's reason when aborted. */
  async run(original: Session, onReport: (report: ProposalReport) => void, call: LongCall): Promise<ProposalReport> {
    if (this.#done) return this.report();
    if (this.#layers.length === 0) throw new UserError('No layer of this model can be made smaller.');
    const started = performance.now();
    const spent = this.#spentMs;
    const clock = () => {
      this.#spentMs = spent + performance.now() - started;
      return this.#spentMs;
    };
    const { data, moreData } = this.context;
    try {
      this.#comparison ??= await Comparison.open(original, data, moreData, call);
      const tell = () => onReport(this.report());
      const total = this.#levels.length + this.#layers.length + TRIALS_OF_PROMISE * PROMISES.length;
      let tried = 0;
      const tryLevel = async (level: Level) => {
        call.onProgress?.({
          done: Math.min(tried++, this.#levels.length),
          total,
          label: `Trying ${level.title} for all layers`,
        });
        await this.#tryUniform(level, call);
        clock();
        tell();
      };
      const isSafe = () => this.#isKept(PROMISES[0]!);
      await tryLevel(this.#levels[0]!);
      if (!isSafe()) await tryLevel(this.#levels.at(-1)!);
      if (!isSafe()) await this.#tryLast(call);
      tell();
      for (const level of this.#levels) await tryLevel(level);
      await this.#probe(clock, { ...call, onProgress: (progress) => call.onProgress?.({ ...progress, total }) });
      let done = this.#levels.length + this.#layers.length;
      const onTrial = () =>
        call.onProgress?.({ done: Math.min(total - 1, done++), total, label: 'Trying a level for each layer' });
      await this.#tryMixed(clock, onTrial, tell, call);
      this.#done = true;
      return this.report();
    } finally {
      clock();
    }
  }

  report(): ProposalReport {
    const { data } = this.context;
    return {
      originalBytes: this.#originalBytes,
      data: data.name,
      generated: data.generated,
      samples: this.#comparison?.samples ?? { search: 0, check: 0 },
      proposals: PROMISES.flatMap((promised) =>
        proposalFor(promised, [...this.#candidates.values()], this.#originalBytes),
      ),
      measured: this.#candidates.size,
      isDone: this.#done,
    };
  }

  async #tryUniform(level: Level, call: LongCall): Promise<void> {
    const recipe = { version: 1, steps: [{ layers: '*', ...level.step }] };
    const key = JSON.stringify(recipe);
    if (this.#candidates.has(key)) return;
    const operators = await this.#try(key, recipe, `${level.title} for all layers`, call);
    for (const layer of this.#layers) {
      const operator = operators.get(layer.id);
      if (!operator) continue;
      const exact = await this.#weightOf(layer);
      const error = relativeDistance(exact, await this.#denseOf(operator), exact);
      const { model } = this.context;
      const consumer = { op: layer.op, opset: opsetOf(model), type: layer.dtype as FloatType };
      const added = addedBytes(operator, weightOf(model, layer), consumer);
      if (!this.#made.has(layer.id)) this.#made.set(layer.id, new Map());
      this.#made.get(layer.id)!.set(level, { operator, error, added });
    }
  }

  /** Compresses by the recipe and measures the result on all samples. */
  async #try(key: string, recipe: object, title: string, { signal }: LongCall) {
    const { model, runtime, factorisations, calibration } = this.context;
    const compressed = await compress(model, checkRecipe(recipe), {
      factorisations,
      calibration,
      withoutOutputErrors: true,
      signal,
      kept: {
        find: async (name) => this.#results.get(name),
        keep: async (name, result) => void this.#results.set(name, result),
      },
    });
    const { before, after } = compressed.report;
    this.#originalBytes = before.bytes;
    const session = await openFolded(compressed.model, runtime, runtime.providers[0]!, { signal });
    try {
      const search = await this.#comparison!.closenessOf(session, 'search', { signal });
      const check = await this.#comparison!.closenessOf(session, 'check', { signal });
      this.#candidates.set(key, { title, recipe, bytes: after.bytes, search, check });
    } finally {
      await session.release();
    }
    return compressed.operators;
  }

  /**
   * Where no level suits all layers: the most layers at the end of the model that the mildest one suits. What is changed
   * there passes through few layers.
   */
  async #tryLast(call: LongCall): Promise<void> {
    const mildest = this.#levels.at(-1)!;
    const last = (count: number): Assignment =>
      new Map(this.#layers.slice(this.#layers.length - count).map(({ id }) => [id, mildest]));
    let [low, high] = [0, this.#layers.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (keeps(PROMISES[0]!, await this.#search(last(middle), call), MARGIN)) low = middle;
      else high = middle;
    }
    if (low > 0) await this.#checks(PROMISES[0]!, last(low), call);
  }

  #isKept(promised: Promised): boolean {
    return [...this.#candidates.values()].some((one) => isSmall(one, this.#originalBytes) && isKept(promised, one));
  }

  /** Measures each layer alone at one level, those with the most bytes first, as long as there is time. */
  async #probe(clock: () => number, call: LongCall): Promise<void> {
    const byBytes = [...this.#layers].sort((a, b) => b.bytes - a.bytes);
    for (const [at, layer] of byBytes.entries()) {
      if (clock() > PROBING_SHARE * BUDGET_MS) return;
      const made = this.#made.get(layer.id);
      const level = PROBED.flatMap((key) => this.#levels.filter((one) => one.key === key)).find((one) =>
        made?.has(one),
      );
      if (!level || this.#probes.has(layer.id)) continue;
      call.onProgress?.({ done: this.#levels.length + at, total: 0, label: `Measuring ${layer.name} alone` });
      const { distance } = await this.#search(new Map([[layer.id, level]]), call);
      this.#probes.set(layer.id, { distance, error: made!.get(level)!.error });
    }
  }

  /**
   * Finds by bisection how many moves keep each promise, then goes on and leaves out the moves that break it. The last
   * choice is checked on the other samples. Where it breaks the promise there, the choices 1, 3, 7, … moves before it are
   * checked, and the first that keeps the promise is proposed.
   */
  async #tryMixed(clock: () => number, onTrial: () => void, tell: () => void, call: LongCall): Promise<void> {
    const { first, moves } = convexMoves(this.#layers.map((layer) => this.#choicesOf(layer)));
    const after = (count: number) => moves.slice(0, count).reduce((all, { item, to }) => all.with(item, to), first);
    for (const [i, promised] of PROMISES.entries()) {
      const end = clock() + (BUDGET_MS - clock()) / (PROMISES.length - i);
      const isOver = () => clock() > end;
      const holds = async (levels: Levels) => {
        onTrial();
        return keeps(promised, await this.#search(this.#assignmentOf(levels), call), MARGIN);
      };
      let [low, high] = [0, moves.length + 1];
      while (high - low > 1 && !isOver()) {
        const middle = (low + high) >> 1;
        if (await holds(after(middle))) low = middle;
        else high = middle;
      }
      const path = Array.from({ length: low + 1 }, (_, count) => after(count));
      for (const { item, to } of moves.slice(low + 1, low + 1 + MOST_MOVES)) {
        if (isOver()) break;
        const next = path.at(-1)!.with(item, to);
        if (await holds(next)) path.push(next);
      }
      for (let back = 0, step = 1; back < path.length && !(back > 0 && isOver()); back += step, step *= 2) {
        onTrial();
        if (await this.#checks(promised, this.#assignmentOf(path.at(-1 - back)!), call)) break;
      }
      tell();
    }
  }

  #assignmentOf(levels: Levels): Assignment {
    return new Map(levels.flatMap((level, i) => (level ? [[this.#layers[i]!.id, level] as const] : [])));
  }

  async #checks(promised: Promised, assignment: Assignment, call: LongCall): Promise<boolean> {
    const recipe = recipeOf(assignment, this.#names);
    const key = JSON.stringify(recipe);
    const title = describeAssignment(assignment, this.#layers);
    if (!this.#candidates.has(key)) await this.#try(key, recipe, title, call);
    return isKept(promised, this.#candidates.get(key)!);
  }

  /**
   * What each level costs and is expected to lose: the distance that was measured of the layer alone, which grows with the
   * square of the weight's error.
   */
  #choicesOf(layer: Layer) {
    const made = this.#made.get(layer.id) ?? new Map<Level, Made>();
    const known = this.#probes.get(layer.id) ?? this.#typicalProbe();
    const per = known.error === 0 ? 0 : known.distance / known.error ** 2;
    return [
      { value: undefined as Level | undefined, bytes: 0, loss: 0 },
      ...[...made].map(([value, { error, added }]) => ({ value, bytes: added, loss: per * error ** 2 })),
    ];
  }

  /** Stands for a layer that was not measured: the median of those that were. */
  #typicalProbe(): Probe {
    const ratios = [...this.#probes.values()].map(({ distance, error }) => distance / Math.max(1e-12, error ** 2));
    return { distance: ratios.sort((a, b) => a - b)[ratios.length >> 1] ?? 1, error: 1 };
  }

  /** How close the model is with these layers' weights as their levels leave them, by the samples of the search. */
  async #search(assignment: Assignment, { signal }: LongCall): Promise<Closeness> {
    const key = JSON.stringify([...assignment].map(([id, level]) => [id, level.key]));
    const known = this.#searched.get(key);
    if (known) return known;
    const { model, runtime } = this.context;
    const { main } = layersIn(model);
    const operators = new Map<Layer, Operator>();
    for (const layer of this.#layers) {
      const level = assignment.get(layer.id);
      const made = level && this.#made.get(layer.id)?.get(level);
      if (made) operators.set(layer, this.#asDense(layer, made.operator));
    }
    const session = await openModel(await replaceWeights(model, main, operators, { signal }), runtime, { signal });
    try {
      const closeness = await this.#comparison!.closenessOf(session, 'search', { signal });
      this.#searched.set(key, closeness);
      return closeness;
    } finally {
      await session.release();
    }
  }

  /** The same values as a dense weight: a session with it is made faster than one that rebuilds it. */
  #asDense({ shape, dtype }: Layer, operator: Operator): Dense {
    return dense(shape, dtype as FloatType, () => this.#denseOf(operator));
  }

  #denseOf(operator: Operator): Promise<Float32Array<ArrayBuffer>> {
    return operator.toDense(multiplyOn(this.context.factorisations.backend));
  }

  #weightOf(layer: Layer): Promise<Float32Array<ArrayBuffer>> {
    const known = this.#weights.get(layer.id) ?? weightOf(this.context.model, layer).toDense();
    this.#weights.set(layer.id, known);
    return known;
  }
}

/** The smallest candidate that keeps the promise; where none does, the one that is nearest to it. */
function proposalFor(promised: Promised, candidates: readonly Candidate[], originalBytes: number): Proposal[] {
  const smaller = candidates.filter((one) => isSmall(one, originalBytes));
  const kept = smaller.filter((one) => isKept(promised, one));
  const [best] =
    kept.length > 0 ? kept.sort((a, b) => a.bytes - b.bytes) : smaller.sort((a, b) => farthest(a) - farthest(b));
  if (!best) return [];
  const { title, recipe, bytes, check } = best;
  const promise = describePromise(promised, check);
  return [{ name: promised.name, promise, keepsPromise: kept.length > 0, title, recipe, bytes, closeness: check }];
}

const farthest = ({ search, check }: Candidate): number => Math.max(search.distance, check.distance);

const isKept = (promised: Promised, { search, check }: Candidate): boolean =>
  keeps(promised, search) && keeps(promised, check);

const isSmall = ({ bytes, check }: Candidate, originalBytes: number): boolean =>
  bytes < originalBytes && Number.isFinite(check.distance);
