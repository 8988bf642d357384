import { transpose } from '../../linalg/transpose';
import type { Layer } from '../../model/layers';
import type { Rewrite } from '../../model/rewrite';
import type { Scope } from '../../model/scopes';
import { encodeFloats } from '../../model/tensors';
import { DATA_TYPE } from '../dense/dense';
import type { Dense, Operator } from '../operator';
import type { StoredArray } from '../stored';

interface StoredLeaf {
  readonly name: string;
  readonly transposed: boolean;
  readonly dims: readonly number[];
}

/** What one layer's operator stores in the model. Each array is stored once, however many consumers the layer has. */
export class ConstantStore {
  readonly #leaves = new Map<Dense, StoredLeaf>();
  readonly #arrays = new Map<StoredArray, string>();
  readonly #rebuilt = new Map<Scope, Map<Operator, Map<string, string>>>();

  constructor(
    private readonly rewrite: Rewrite,
    private readonly layer: Layer,
    /** Names of what several layers use, for the whole model. It lies in the main graph, where all layers see it. */
    private readonly shared: Map<string, string>,
    private readonly main: Scope,
  ) {}

  /** Names a leaf's constant. The first request decides its orientation. */
  reserve(leaf: Dense, transposed: boolean, dims: readonly number[]): StoredLeaf {
    const known = this.#leaves.get(leaf);
    if (known) return known;
    const stored = {
      name: this.#fresh(String(this.#leaves.size + 1)),
      transposed,
      dims: transposed ? [dims[1]!, dims[0]!] : dims,
    };
    this.#leaves.set(leaf, stored);
    return stored;
  }

  constant(array: StoredArray): string {
    const known = this.#arrays.get(array) ?? (array.shared && this.shared.get(array.shared));
    if (known !== undefined) return known;
    const name = this.#fresh(array.label);
    this.#arrays.set(array, name);
    if (array.shared) this.shared.set(array.shared, name);
    return name;
  }

  /** The value of a rebuilt operator, for one `variant`. Consumers in one graph share it. */
  rebuilt(operator: Operator, scope: Scope, variant: string, write: () => string): string {
    const here = this.#rebuilt.get(scope) ?? new Map<Operator, Map<string, string>>();
    this.#rebuilt.set(scope, here);
    const variants = here.get(operator) ?? new Map<string, string>();
    here.set(operator, variants);
    const name = variants.get(variant) ?? write();
    variants.set(variant, name);
    return name;
  }

  /** Names of what is stored for this layer. What layers share is listed for the layer that asked first. */
  get names(): string[] {
    const leaves = [...this.#leaves.values()].map(({ name }) => name);
    return [...leaves, ...this.#arrays.values()];
  }

  /** Bytes of each array that is stored for this layer. */
  get sizes(): number[] {
    return [...this.#leaves.keys(), ...this.#arrays.keys()].map(({ bytes }) => bytes);
  }

  /** Stores everything that was asked for in the model. */
  async fill(): Promise<void> {
    for (const [leaf, { name, transposed, dims }] of this.#leaves) {
      const values = await leaf.toDense();
      const oriented = transposed ? transpose(values, dims[1]!, dims[0]!) : values;
      const type = DATA_TYPE[leaf.type];
      this.rewrite.addConstant(this.layer.home, name, dims, type, encodeFloats(oriented, type));
    }
    for (const [array, name] of this.#arrays) {
      const home = array.shared ? this.main : this.layer.home;
      this.rewrite.addConstant(home, name, array.dims, array.dataType, await array.read());
    }
  }

  #fresh(label: string): string {
    return this.rewrite.freshName(`${this.layer.weight}.${label}`);
  }
}
