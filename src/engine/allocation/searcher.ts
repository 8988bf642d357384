import { type Random, seeded } from '../core/random';
import { type Assignment, keyOfAssignment, type LayerOptions, operatorsOf, titleOf } from './assignments';
import type { Board } from './board';
import { ranked } from './board';
import { Clock } from './clock';
import { Costs } from './costs';
import type { Evaluation, Evaluator } from './evaluator';
import { FileSize } from './fileSize';
import { byteLimit } from './goal';
import { type Choice, knapsack } from './knapsack';
import { asItIs, type LayerOption, optionOf, spreadOf, worthMeasuring } from './options';
import { patternOf } from './recipeOf';
import type { SearchPoint, SearchReport, SearchSettings } from './report';
import type { SearchContext } from './searchContext';
import { type Stack, stacksFor } from './stacks';
import { offspringOf } from './swaps';

/** An assignment that was run on all samples of the search. */
interface Scored {
  readonly assignment: Assignment;
  readonly evaluation: Evaluation;
  readonly bytes: number;
  readonly id: number;
}

/** Budgets between the smallest file and the original for which a mixed recipe is drawn. */
const LADDER = 8;
/** Options of a layer that are measured; those between them are interpolated. */
const MEASURED_OPTIONS = 7;
/** Offspring of a generation, and how many of them are run on all samples. */
const OFFSPRING = 8;
const SURVIVORS = 3;
/** Generations without a better assignment after which a search ends. */
const PATIENCE = 8;
const MOST_GENERATIONS = 60;
/** Steps in which the smallest budget that keeps a loss is looked for. */
const BISECTIONS = 8;
/** By how much a budget shrinks once swaps have made room. */
const SHRINK = 0.97;
/** Points that are checked on samples which the search never saw. */
const CHECKED = 8;
/** A layer of a small file is not stored in less than this part of the share that the file may have. */
const REACH = 8;
/** Shares of the time after which the stages end. */
const STAGES = { options: 0.4, sensitivities: 0.65 } as const;

/** The stages of a search, and what they know together. */
export class Searcher {
  readonly #layers: readonly (LayerOptions & { readonly options: LayerOption[] })[];
  readonly #sizes: FileSize;
  readonly #costs: Costs;
  readonly #scored = new Map<string, Scored>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limit: number;

  constructor(
    private readonly board: Board,
    private readonly evaluator: Evaluator,
    private readonly settings: SearchSettings,
    private readonly context: SearchContext & { readonly seed: number },
  ) {
    const { given, seed, program } = context;
    this.#layers = given.layers
      .filter((layer) => layer.compressible && patternOf(layer, given.layers) !== undefined)
      .map((layer) => ({ layer, options: [asItIs(layer)] }));
    this.#sizes = new FileSize(given, this.#layers, seed, program);
    this.#costs = new Costs(this.#layers);
    this.#clock = new Clock(settings.minutes);
    this.#random = seeded(seed);
    this.#limit = byteLimit(board.goal, board.report.originalBytes);
  }

  async run(): Promise<void> {
    await this.#makeOptions();
    await this.#measureSensitivities();
    this.board.tell({ stage: 'searching' });
    await this.#climbLadder();
    const { maxLoss, maxLatency } = this.board.goal;
    if (maxLatency !== undefined) await this.#quicken(maxLatency);
    else if (this.board.goal.minimise === 'size' && maxLoss !== undefined) await this.#shrinkTo(maxLoss);
    else await this.#swap(Math.min(this.#limit, this.board.report.originalBytes));
  }

  /** Checks the best points on other samples, until the best one that is left has been checked. */
  async check(evaluator: Evaluator): Promise<void> {
    this.board.tell({ stage: 'checking' });
    const { goal } = this.board;
    const byId = new Map([...this.#scored.values()].map((scored) => [scored.id, scored]));
    for (let checked = 0; checked < CHECKED; checked++) {
      const { points } = this.board.report;
      const next =
        ranked(
          points.map((point) => ({ ...point, checked: undefined }) as SearchPoint),
          goal,
        )
          .map(({ id }) => points[id]!)
          .find(({ checked }) => !checked) ?? points.find(({ onFront, checked }) => onFront && !checked);
      if (!next) break;
      const { assignment } = byId.get(next.id)!;
      const { damage, loss } = await evaluator.evaluate(operatorsOf(this.#layers, assignment), undefined, this.context);
      this.board.amend(next.id, { checked: { damage, loss } });
    }
    const { best, outOfReach } = this.board.report;
    if (best === undefined && !outOfReach) this.board.tell({ outOfReach: this.#missed() }, true);
  }

  /** Why no point meets the goal, and the one that comes nearest. */
  #missed(): SearchReport['outOfReach'] {
    const { points, goal } = this.board.report;
    const fitting = points.filter(({ bytes }) => bytes <= this.#limit);
    const least = (of: readonly SearchPoint[], figure: (point: SearchPoint) => number) =>
      of.length === 0 ? undefined : of.reduce((best, one) => (figure(one) < figure(best) ? one : best)).id;
    if (goal.maxLatency !== undefined) {
      const nearest = least(points, ({ latency = Number.POSITIVE_INFINITY }) => latency);
      return {
        reason: 'No recipe that was tried is as fast as was asked for.',
        ...(nearest !== undefined && { nearest }),
      };
    }
    const nearest = least(fitting, ({ loss, checked }) => (checked?.loss ?? loss).mean) ?? this.#nearest();
    return { reason: 'No recipe that was tried keeps all limits at once.', nearest };
  }

  /** Makes every layer by one stack after the other, and runs each recipe that stores all layers alike. */
  async #makeOptions(): Promise<void> {
    const { given, calibration, signal } = this.context;
    const layers = this.#layers.map(({ layer }) => layer);
    if (calibration) await calibration.collect(given.model, given.main, layers, this.context);
    const share = this.#limit / this.board.report.originalBytes;
    const forSpeed = this.board.goal.maxLatency !== undefined;
    const stacks = stacksFor(calibration !== undefined, this.settings.methods, forSpeed).filter(
      ({ size }) => !Number.isFinite(share) || (size < Math.max(3.5 * share, 0.1) && size > share / REACH),
    );
    for (const [at, stack] of stacks.entries()) {
      if (this.#clock.isPast(STAGES.options)) break;
      const assignment: number[] = [];
      for (const { layer, options } of this.#layers) {
        signal?.throwIfAborted();
        this.#progress(at / stacks.length, stack.title);
        const made = await optionOf(given, layer, stack, this.context);
        assignment.push(made ? options.push(made) - 1 : 0);
      }
      if (assignment.some((option) => option !== 0)) await this.#score(assignment, 'uniform', uniformTitle(stack));
    }
  }

  /** Measures what single layers cost, a few options of each. */
  async #measureSensitivities(): Promise<void> {
    const cells = this.#layers.map(({ options }, layer) =>
      spreadOf(worthMeasuring(options), MEASURED_OPTIONS).map((option) => ({ layer, option })),
    );
    const order = Array.from({ length: MEASURED_OPTIONS }, (_, i) => cells.flatMap((own) => own[i] ?? [])).flat();
    const batches = Math.ceil(this.evaluator.batches / 2);
    const none = this.#layers.map(() => 0);
    for (const [at, { layer, option }] of order.entries()) {
      if (this.#clock.isPast(STAGES.sensitivities)) break;
      this.#progress(at / order.length, `Measuring ${this.#layers[layer]!.layer.name}`);
      const assignment = none.with(layer, option);
      const { energies } = await this.evaluator.evaluate(operatorsOf(this.#layers, assignment), batches, this.context);
      this.#costs.set(layer, option, energies.at(-1)!);
      this.board.tell({ evaluations: this.evaluator.evaluations });
    }
  }

  /** Mixed recipes for budgets from the smallest file to half of the original, and for the goal's. */
  async #climbLadder(): Promise<void> {
    const lightest = this.#lightest();
    const { bytes: least } = await this.#score(lightest, 'knapsack');
    if (least > this.#limit) {
      this.board.tell({ outOfReach: { reason: this.#tooSmall(least), nearest: this.#nearest() } }, true);
    }
    const { originalBytes } = this.board.report;
    const most = Math.max(least, originalBytes / 2);
    const ladder = Array.from({ length: LADDER }, (_, i) => least * (most / least) ** ((i + 0.5) / LADDER));
    for (const budget of [this.#limit, ...ladder]) {
      if (budget < least || budget > originalBytes || this.#clock.isPast(1)) continue;
      const assignment = await this.#allocate(budget);
      if (assignment) await this.#score(assignment, 'knapsack');
    }
  }

  /** The assignment of least expected damage whose written file has at most so many bytes. */
  async #allocate(bytes: number): Promise<Assignment | undefined> {
    for (let tries = 0; tries < 8; tries++) {
      const choices = this.#costs.choices((layer, option) => this.#layers[layer]!.options[option]!.bytes);
      const chosen = this.#chosenWithin(choices, this.#sizes.layerBudget(bytes));
      if (!chosen) return undefined;
      if (await this.#sizes.fits(chosen, bytes)) return chosen;
    }
    return undefined;
  }

  #chosenWithin(choices: readonly (readonly Choice[])[], budget: number): Assignment | undefined {
    const { allocate } = this.context;
    return allocate ? allocate(choices, budget) : knapsack(choices, budget)?.chosen;
  }

  /** Looks for the smallest budget whose recipe loses no more than `maxLoss`, and goes on below it by swaps. */
  async #shrinkTo(maxLoss: number): Promise<void> {
    const keeps = ({ evaluation, bytes }: Scored) => evaluation.loss.mean <= maxLoss && bytes <= this.#limit;
    let [low, high] = [this.#sizes.least, this.board.report.originalBytes];
    for (const scored of this.#scored.values()) if (keeps(scored)) high = Math.min(high, scored.bytes);
    for (let step = 0; step < BISECTIONS && high > 1.01 * low; step++) {
      if (this.#clock.isPast(1)) return;
      const budget = Math.floor(Math.sqrt(low * high));
      const assignment = await this.#allocate(budget);
      const scored = assignment && (await this.#score(assignment, 'knapsack'));
      if (scored && keeps(scored)) high = Math.min(budget, scored.bytes);
      else low = budget;
    }
    for (let budget = high; !this.#clock.isPast(1); ) {
      budget = Math.floor(SHRINK * budget);
      const best = await this.#swap(budget, (scored) => scored.evaluation.loss.mean <= maxLoss);
      if (!best || best.evaluation.loss.mean > maxLoss) return;
      budget = Math.min(budget, best.bytes);
    }
  }

  /**
   * Looks for the largest effort whose written model is fast enough here. Effort is a prior that orders assignments; the
   * latency of each one is measured.
   */
  async #quicken(maxLatency: number): Promise<void> {
    const all = this.#layers.reduce((sum, { options }) => sum + options[0]!.effort, 0);
    const choices = () => this.#costs.choices((layer, option) => this.#layers[layer]!.options[option]!.effort);
    let [low, high] = [0, 1];
    for (let step = 0; step < BISECTIONS && !this.#clock.isPast(1); step++) {
      const share = step === 0 ? maxLatency : (low + high) / 2;
      const chosen = this.#chosenWithin(choices(), share * all);
      if (!chosen) {
        low = share;
        continue;
      }
      const scored = await this.#score(chosen, 'knapsack');
      const latency = await this.#latencyOf(scored);
      if (latency <= maxLatency && scored.bytes <= this.#limit) low = share;
      else high = share;
    }
    // Recipes that store all layers alike may be as good.
    const { points } = this.board.report;
    const alike = points.filter(({ from, latency }) => from === 'uniform' && latency === undefined);
    alike.sort((a, b) => a.damage.mean - b.damage.mean);
    for (const { id } of alike.filter(({ onFront }) => onFront).slice(0, CHECKED)) {
      if (this.#clock.isPast(1)) return;
      await this.#latencyOf([...this.#scored.values()].find((scored) => scored.id === id)!);
    }
  }

  async #latencyOf({ id, assignment }: Scored): Promise<number> {
    const known = this.board.report.points[id]!.latency;
    if (known !== undefined) return known;
    this.#progress(0.5, 'Timing');
    const latency = await this.evaluator.latency(operatorsOf(this.#layers, assignment), this.context);
    this.board.amend(id, { latency });
    return latency;
  }

  /**
   * Improves the best assignment of at most so many bytes by exchanges between layers. Offspring run on a few samples,
   * the best of them on all. Ends where several generations bring nothing better, or at once where `enough` holds.
   */
  async #swap(bytes: number, enough: (best: Scored) => boolean = () => false): Promise<Scored | undefined> {
    const first = await this.#allocate(bytes);
    if (first) await this.#score(first, 'knapsack');
    let parent = this.#bestWithin(bytes);
    if (!parent) return undefined;
    this.#costs.scaleBy(parent.assignment, energyOf(parent));
    const known = new Set(this.#scored.keys());
    const few = Math.ceil(this.evaluator.batches / 4);
    for (let generation = 0, idle = 0; generation < MOST_GENERATIONS && idle < PATIENCE; generation++, idle++) {
      if (enough(parent) || this.#clock.isPast(1)) break;
      this.#progress(idle / PATIENCE, 'Exchanging layers');
      const drawn = { count: OFFSPRING, random: this.#random, known };
      const budget = this.#sizes.layerBudget(bytes);
      const resolved = await this.#allocate(bytes);
      const offspring = offspringOf(parent.assignment, this.#layers, this.#costs, budget, drawn);
      if (resolved && !known.has(keyOfAssignment(resolved))) offspring.unshift(resolved);
      const tried: { readonly assignment: Assignment; readonly energy: number }[] = [];
      for (const assignment of offspring) {
        if (this.#clock.isPast(1)) break;
        known.add(keyOfAssignment(assignment));
        const { energies } = await this.evaluator.evaluate(operatorsOf(this.#layers, assignment), few, this.context);
        const energy = energies.at(-1)!;
        this.#costs.learn(parent.assignment, assignment, energy - parent.evaluation.energies[few - 1]!);
        tried.push({ assignment, energy });
      }
      tried.sort((a, b) => a.energy - b.energy);
      let best: Scored = parent;
      for (const { assignment, energy } of tried.slice(0, SURVIVORS)) {
        // On the same few samples it must be no worse.
        if (energy > 1.02 * parent.evaluation.energies[few - 1]!) break;
        if (!(await this.#sizes.fits(assignment, bytes))) continue;
        const scored = await this.#score(assignment, 'swaps', undefined, energyOf(best));
        if (energyOf(scored) < energyOf(best)) best = scored;
      }
      if (best !== parent) idle = -1;
      parent = best;
    }
    return parent;
  }

  /** Runs an assignment on all samples; it becomes a point of the report, where its energy is below `worthwhile`. */
  async #score(
    assignment: Assignment,
    from: SearchPoint['from'],
    title = titleOf(this.#layers, assignment),
    worthwhile = Number.POSITIVE_INFINITY,
  ): Promise<Scored> {
    const key = keyOfAssignment(assignment);
    const known = this.#scored.get(key);
    if (known) return known;
    const evaluation = await this.evaluator.evaluate(operatorsOf(this.#layers, assignment), undefined, this.context);
    const bytes = await this.#sizes.exact(assignment);
    await this.#sizes.learn(assignment);
    const { damage, loss } = evaluation;
    if (evaluation.energies.at(-1)! >= worthwhile) return { assignment, evaluation, bytes, id: -1 };
    const id = this.board.add({ from, title, recipe: this.#sizes.recipe(assignment), bytes, damage, loss });
    this.board.tell({ evaluations: this.evaluator.evaluations });
    const scored = { assignment, evaluation, bytes, id };
    this.#scored.set(key, scored);
    return scored;
  }

  #bestWithin(bytes: number): Scored | undefined {
    let best: Scored | undefined;
    for (const scored of this.#scored.values())
      if (scored.bytes <= bytes && (!best || energyOf(scored) < energyOf(best))) best = scored;
    return best;
  }

  #lightest(): Assignment {
    return this.#layers.map(({ options }) =>
      options.reduce((least, { bytes }, i) => (bytes < options[least]!.bytes ? i : least), 0),
    );
  }

  #tooSmall(least: number): string {
    return `The smallest file that the allowed methods can make has about ${least.toLocaleString('en')} bytes, more than the ${this.#limit.toLocaleString('en')} allowed.`;
  }

  /** The smallest point. */
  #nearest(): number {
    const { points } = this.board.report;
    return points.reduce((least, point) => (point.bytes < least.bytes ? point : least)).id;
  }

  #progress(share: number, label: string): void {
    const { secondsLeft } = this.#clock;
    this.context.onProgress?.({
      done: Math.round(1000 * share),
      total: 1000,
      label,
      secondsLeft: Number.isFinite(secondsLeft) ? secondsLeft : 'unknown',
    });
  }
}

const energyOf = ({ evaluation }: Scored): number => evaluation.energies.at(-1)!;

const uniformTitle = ({ line, title }: Stack): string => `${line}: ${title}, all layers`;
