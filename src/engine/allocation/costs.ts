import type { Assignment, LayerOptions } from './assignments';
import type { Choice } from './knapsack';

/** Damage grows about with the square of a layer's error. */
const EXPONENT = 2;

/**
 * What each option of each layer is expected to add to the damage. It begins with measurements in which all other layers
 * are as they were; options between two that were measured are interpolated over their estimated errors. Their sum is
 * only a prior: `learn` corrects it by what whole assignments really did.
 */
export class Costs {
  readonly #measured: Map<number, number>[];
  readonly #corrections: Map<number, number>[];
  /** Damage of whole assignments over the sum of their costs. */
  #scale = 1;

  constructor(private readonly layers: readonly LayerOptions[]) {
    this.#measured = layers.map(() => new Map());
    this.#corrections = layers.map(() => new Map());
  }

  measured(layer: number, option: number): number | undefined {
    return this.#measured[layer]!.get(option);
  }

  set(layer: number, option: number, damage: number): void {
    this.#measured[layer]!.set(option, Math.max(0, damage));
  }

  /** By what the sum of costs is multiplied to come to the damage of a whole assignment. */
  scaleBy(assignment: Assignment, damage: number): void {
    const sum = this.#sum(assignment);
    if (sum > 0 && damage > 0) this.#scale = damage / sum;
  }

  /** The damage that this option is expected to do. */
  of(layer: number, option: number): number {
    const corrected = this.#base(layer, option) + (this.#corrections[layer]!.get(option) ?? 0);
    return this.#scale * Math.max(0, corrected);
  }

  /** The damage that an assignment is expected to do. */
  total(assignment: Assignment): number {
    return assignment.reduce((sum, option, layer) => sum + this.of(layer, option), 0);
  }

  /** How much more damage `to` is expected to do than `from`. */
  change(from: Assignment, to: Assignment): number {
    let sum = 0;
    for (const [layer, option] of to.entries())
      if (option !== from[layer]) sum += this.of(layer, option) - this.of(layer, from[layer]!);
    return sum;
  }

  /**
   * Learns from the damage of two assignments on the same samples: what was expected wrongly is shared among the options
   * that differ. Half of it is believed at once, since samples are few and layers act on each other.
   */
  learn(from: Assignment, to: Assignment, change: number): void {
    const differing = to.flatMap((option, layer) => (option === from[layer] ? [] : [layer]));
    if (differing.length === 0) return;
    const missed = (change - this.change(from, to)) / this.#scale;
    const part = (0.5 * missed) / (2 * differing.length);
    for (const layer of differing) {
      this.#correct(layer, to[layer]!, part);
      this.#correct(layer, from[layer]!, -part);
    }
  }

  /** All options as choices of a knapsack. */
  choices(weight: (layer: number, option: number) => number): Choice[][] {
    return this.layers.map(({ options }, layer) =>
      options.map((_, option) => ({ weight: weight(layer, option), cost: this.of(layer, option) })),
    );
  }

  #correct(layer: number, option: number, by: number): void {
    const corrections = this.#corrections[layer]!;
    corrections.set(option, (corrections.get(option) ?? 0) + by);
  }

  #sum(assignment: Assignment): number {
    return assignment.reduce((sum, option, layer) => sum + Math.max(0, this.#base(layer, option)), 0);
  }

  /** As measured, or interpolated: log damage is linear in log error between two measured options. */
  #base(layer: number, option: number): number {
    const measured = this.#measured[layer]!;
    const known = measured.get(option);
    if (known !== undefined) return known;
    const { options } = this.layers[layer]!;
    const error = options[option]!.estimatedError;
    if (error === 0) return 0;
    const points = [...measured]
      .map(([at, damage]) => ({ error: options[at]!.estimatedError, damage }))
      .filter((point) => point.error > 0 && point.damage > 0)
      .sort((a, b) => a.error - b.error);
    if (points.length === 0) return this.#unmeasured(layer, error);
    const above = points.findIndex((point) => point.error >= error);
    const [low, high] = [points[above - 1], points[above]];
    if (low && high && high.error > low.error) {
      const share = Math.log(error / low.error) / Math.log(high.error / low.error);
      return low.damage * (high.damage / low.damage) ** share;
    }
    const nearest = high ?? points.at(-1)!;
    return nearest.damage * (error / nearest.error) ** EXPONENT;
  }

  /** For a layer of which nothing was measured: as a layer of average sensitivity for its error. */
  #unmeasured(layer: number, error: number): number {
    const ratios = this.#measured.flatMap((measured, other) =>
      other === layer
        ? []
        : [...measured].flatMap(([at, damage]) => {
            const known = this.layers[other]!.options[at]!.estimatedError;
            return known > 0 ? [damage / known ** EXPONENT] : [];
          }),
    );
    const mean = ratios.length === 0 ? 1 : ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    return mean * error ** EXPONENT;
  }
}
