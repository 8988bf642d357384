import { type Random, seeded } from '../core/random';
import { ownPattern } from '../recipe/patterns';
import { type Assignment, keyOfAssignment, type LayerOptions, operatorsOf, titleOf } from './assignments';
import type { Board } from './board';
import { Clock } from './clock';
import { Costs } from './costs';
import type { Evaluation, Evaluator } from './evaluator';
import { FileSize } from './fileSize';
import { byteLimit } from './goal';
import { type Choice, knapsack } from './knapsack';
import { asItIs, type LayerOption } from './options';
import type { SearchPoint, SearchSettings } from './report';
import type { SearchContext } from './searchContext';

/** An assignment that was run on all samples of the search. */
export interface Scored {
  readonly assignment: Assignment;
  readonly evaluation: Evaluation;
  readonly bytes: number;
  /** Of its point; −1 where it is none. */
  readonly id: number;
}

/** The damage on all samples of the search, in the evaluator's additive unit. */
export const energyOf = ({ evaluation }: Scored): number => evaluation.energies.at(-1)!;

/** The stages of a search in order, and about how many models each runs on all samples, where that is known at first. */
export type Stage = 'options' | 'sensitivities' | 'search';

/** About how many runs on all samples the exchanges of layers take. */
const SEARCH_RUNS = 80;
/** Corrections of a prediction after which a budget counts as too small. */
const MOST_CORRECTIONS = 8;

/** What the stages of a search know together: options of layers, their costs, and assignments that were run. */
export class SearchState {
  readonly layers: readonly (LayerOptions & { readonly options: LayerOption[] })[];
  readonly sizes: FileSize;
  readonly costs: Costs;
  readonly clock: Clock;
  readonly random: Random;
  /** The most bytes that the written file may have. */
  readonly limit: number;
  readonly scored = new Map<string, Scored>();
  #scoring = { runs: 0, ms: 0 };
  #stage: { readonly name: Stage; readonly started: number } = { name: 'options', started: performance.now() };

  constructor(
    readonly board: Board,
    readonly evaluator: Evaluator,
    readonly settings: SearchSettings,
    readonly context: SearchContext & { readonly seed: number },
  ) {
    const { given, seed, program } = context;
    this.layers = given.layers
      .filter((layer) => layer.compressible && ownPattern(layer, given.layers) !== undefined)
      .map((layer) => ({ layer, options: [asItIs(layer)] }));
    this.sizes = new FileSize(given, this.layers, seed, program);
    this.costs = new Costs(this.layers);
    this.clock = new Clock(settings.minutes);
    this.random = seeded(seed);
    this.limit = byteLimit(board.goal, board.report.originalBytes);
  }

  /** Runs an assignment on all samples; it becomes a point of the report, where its energy is below `worthwhile`. */
  async score(
    assignment: Assignment,
    from: SearchPoint['from'],
    title = titleOf(this.layers, assignment),
    worthwhile = Number.POSITIVE_INFINITY,
  ): Promise<Scored> {
    const key = keyOfAssignment(assignment);
    const known = this.scored.get(key);
    if (known) return known;
    const started = performance.now();
    const evaluation = await this.evaluator.evaluate(this.operatorsOf(assignment), undefined, this.context);
    this.#scoring = { runs: this.#scoring.runs + 1, ms: this.#scoring.ms + performance.now() - started };
    const bytes = await this.sizes.exact(assignment);
    await this.sizes.learn(assignment);
    const { damage, loss } = evaluation;
    if (evaluation.energies.at(-1)! >= worthwhile) return { assignment, evaluation, bytes, id: -1 };
    const id = this.board.add({ from, title, recipe: this.sizes.recipe(assignment), bytes, damage, loss });
    this.board.tell({ evaluations: this.evaluator.evaluations });
    const scored = { assignment, evaluation, bytes, id };
    this.scored.set(key, scored);
    return scored;
  }

  /** The assignment of least expected damage whose written file has at most so many bytes. */
  async allocate(bytes: number): Promise<Assignment | undefined> {
    for (let tries = 0; tries < MOST_CORRECTIONS; tries++) {
      const choices = this.costs.choices((layer, option) => this.layers[layer]!.options[option]!.bytes);
      const chosen = this.chosenWithin(choices, this.sizes.layerBudget(bytes));
      if (!chosen) return undefined;
      if (await this.sizes.fits(chosen, bytes)) return chosen;
    }
    return undefined;
  }

  chosenWithin(choices: readonly (readonly Choice[])[], budget: number): Assignment | undefined {
    const { allocate } = this.context;
    return allocate ? allocate(choices, budget) : knapsack(choices, budget)?.chosen;
  }

  /** The best assignment so far whose file has at most so many bytes. */
  bestWithin(bytes: number): Scored | undefined {
    let best: Scored | undefined;
    for (const scored of this.scored.values())
      if (scored.bytes <= bytes && (!best || energyOf(scored) < energyOf(best))) best = scored;
    return best;
  }

  operatorsOf(assignment: Assignment) {
    return operatorsOf(this.layers, assignment);
  }

  /** Tells how far a stage is: the whole search is about as far as the time that it will still take says. */
  progress(stage: Stage, share: number, label: string): void {
    const now = performance.now();
    if (this.#stage.name !== stage) this.#stage = { name: stage, started: now };
    const { runs, ms } = this.#scoring;
    const perRun = runs === 0 ? 0 : ms / runs;
    const later = (stage === 'options' ? 0.5 * this.layers.length * CELLS : 0) + (stage === 'search' ? 0 : SEARCH_RUNS);
    const own = share > 0 ? ((now - this.#stage.started) * (1 - share)) / share : undefined;
    const expected = own === undefined ? Number.POSITIVE_INFINITY : (own + later * perRun) / 1000;
    const secondsLeft = Math.min(expected, this.clock.secondsLeft);
    this.context.onProgress?.({
      done: this.clock.seconds,
      total: this.clock.seconds + (Number.isFinite(secondsLeft) ? secondsLeft : this.clock.seconds + 1),
      label,
      secondsLeft: Number.isFinite(secondsLeft) ? secondsLeft : 'unknown',
    });
  }
}

/** Options of a layer that are measured. */
export const CELLS = 7;
