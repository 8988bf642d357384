import type { ModelLayers } from '../model/layers';
import { storedBytes } from '../model/model';
import { type Assignment, keyOfAssignment, type LayerOptions, layerBytes, operatorsOf, stepsOf } from './assignments';
import { recipeOf } from './recipeOf';
import { writtenSize } from './writtenSize';

/**
 * Bytes of the files that assignments are written to. Exact sizes are known once an assignment's graph has been written;
 * those that were measured last correct what is predicted of others.
 */
export class FileSize {
  readonly #exact = new Map<string, number>();
  /** Bytes that every file has, whatever its layers take. */
  readonly #others: number;
  /** By how many bytes the latest file was larger than the sum of its parts: its recipe, and rounding of the prediction. */
  #margin = 0;

  constructor(
    private readonly given: ModelLayers,
    private readonly layers: readonly LayerOptions[],
    private readonly seed: number,
    private readonly program: string,
  ) {
    this.#others = storedBytes(given.model) - layers.reduce((sum, { layer }) => sum + layer.bytes, 0);
  }

  /** No file has fewer bytes, whatever becomes of its layers. */
  get least(): number {
    return this.#others;
  }

  /** What layers may take together in a file of so many bytes, as far as that can be predicted. */
  layerBudget(bytes: number): number {
    return bytes - this.#others - this.#margin;
  }

  recipe(assignment: Assignment): object {
    return recipeOf(stepsOf(this.layers, assignment), this.given.layers, this.seed);
  }

  /** The bytes of the file that `compress` writes. */
  async exact(assignment: Assignment): Promise<number> {
    const key = keyOfAssignment(assignment);
    const known = this.#exact.get(key);
    if (known !== undefined) return known;
    const operators = operatorsOf(this.layers, assignment);
    const bytes = await writtenSize(this.given, operators, this.recipe(assignment), this.program);
    this.#exact.set(key, bytes);
    return bytes;
  }

  /** Predicts other files from this one: those of a search are much alike. */
  async learn(assignment: Assignment): Promise<void> {
    this.#margin = (await this.exact(assignment)) - this.#others - layerBytes(this.layers, assignment);
  }

  /** As `exact` says, and predictions are made a little more careful where they were wrong. */
  async fits(assignment: Assignment, bytes: number): Promise<boolean> {
    const exact = await this.exact(assignment);
    if (exact <= bytes) return true;
    const predicted = this.#others + this.#margin + layerBytes(this.layers, assignment);
    this.#margin += Math.max(64, exact - predicted);
    return false;
  }
}
