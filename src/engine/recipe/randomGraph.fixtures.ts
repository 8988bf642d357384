import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from 'onnx-buf';
import type { Random } from '../core/random';
import { gaussian } from '../model/fixtures';
import { type AttributeValue, DataType, graph, modelBytes, node, tensor, value } from '../model/onnx/build';
import { floatsToHalves } from '../model/tensors';
import type { HostTensor } from '../runtime';

export interface RandomModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly feeds: Readonly<Record<string, HostTensor>>;
  /** What it is made of, for the messages of failing tests. */
  readonly blocks: readonly string[];
  /** Whether float16 takes part: rounding is coarser there. */
  readonly halves: boolean;
}

/** A graph that grows. Blocks are independent of each other, each with inputs and outputs of its own. */
export class Builder {
  halves = false;
  readonly #opset: number;
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #feeds: Record<string, HostTensor> = {};
  #nodes: NodeProto[] = [];
  #initializers: TensorProto[] = [];
  #count = 0;
  #depth = 0;

  constructor(readonly random: Random) {
    this.#opset = 7 + random.below(15);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.random.below(choices.length)]!;
  }

  chance(share: number): boolean {
    return this.random.uniform() < share;
  }

  /** Names that collide with those that a rewriting would like to give, and others from beyond ASCII. */
  fresh(kind: string): string {
    this.#count++;
    return this.pick([`${kind}${this.#count}`, `${kind}.${this.#count}.1`, `重み/${kind} ${this.#count}`]);
  }

  /** A node, with or without a name. Returns its output. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    const output = this.fresh('v');
    const name = this.pick(['', `${op}_${this.#count}`]);
    this.#nodes.push(node(op, inputs, [output], attributes, { name }));
    return output;
  }

  input(dims: readonly number[], below?: number): string {
    const name = this.fresh('x');
    const count = dims.reduce((a, b) => a * b, 1);
    this.#inputs.push(value(name, below === undefined ? DataType.FLOAT : DataType.INT64, dims));
    this.#feeds[name] =
      below === undefined
        ? { type: 'float32', dims, data: gaussian(this.random, dims) }
        : {
            type: 'int64',
            dims,
            data: BigInt64Array.from({ length: count }, () => BigInt(this.random.below(below))),
          };
    return name;
  }

  output(name: string, type = DataType.FLOAT): void {
    this.#outputs.push(value(name, type));
  }

  /** A stored tensor: an initializer, one that is an input too (all are before IR version 4), or a Constant node. */
  store(dims: readonly number[], values = gaussian(this.random, dims), half = false): string {
    const name = this.fresh('w');
    const held = half ? tensor(name, dims, floatsToHalves(values), DataType.FLOAT16) : tensor(name, dims, values);
    if (this.chance(0.3) || (this.#depth > 0 && this.#opset <= 8)) {
      this.#nodes.push(node('Constant', [], [name], { value: held }));
    } else {
      this.#initializers.push(held);
      if (this.#depth === 0 && (this.#opset <= 8 || this.chance(0.2)))
        this.#inputs.push(value(name, held.dataType, dims));
    }
    return name;
  }

  /** A weight [m, n], [n, m] seen through Transpose, or a chain of Transpose, Identity and Cast. */
  weight(m: number, n: number): string {
    const values = this.chance(0.05) ? new Float32Array(m * n) : undefined;
    const turned = this.chance(0.3);
    const half = this.chance(0.25);
    if (half) this.halves = true;
    let name = this.store(turned ? [n, m] : [m, n], values, half);
    if (this.chance(0.2)) name = this.add('Identity', [name]);
    if (half) name = this.add('Cast', [name], { to: DataType.FLOAT });
    if (turned) name = this.add('Transpose', [name], this.chance(0.5) ? {} : { perm: [1, 0] });
    if (this.chance(0.1)) name = this.add('Transpose', [name], { perm: [0, 1] });
    return name;
  }

  size(): number {
    return 18 + this.random.below(20);
  }

  /** What `build` adds stands in a graph of its own, whose one output is what `build` returns. */
  inner(inputs: readonly ValueInfoProto[], build: () => readonly string[]): GraphProto {
    const outer = { nodes: this.#nodes, initializers: this.#initializers };
    this.#nodes = [];
    this.#initializers = [];
    this.#depth++;
    const outputs = build().map((name) => value(name, DataType.FLOAT));
    const made = graph({
      name: this.fresh('g'),
      inputs,
      outputs,
      nodes: this.#nodes,
      initializers: this.#initializers,
    });
    this.#nodes = outer.nodes;
    this.#initializers = outer.initializers;
    this.#depth--;
    return made;
  }

  /** Like `store`, but always an initializer of the graph that is being built. */
  initializer(made: (name: string) => TensorProto): string {
    const name = this.fresh('c');
    const held = made(name);
    this.#initializers.push(held);
    return name;
  }

  get opset(): number {
    return this.#opset;
  }

  finish(blocks: readonly string[]): RandomModel {
    // Initializers of the main graph are inputs too before IR version 4.
    const listed = new Set(this.#inputs.map(({ name }) => name));
    const extra =
      this.#opset <= 8
        ? this.#initializers
            .filter(({ name }) => !listed.has(name))
            .map(({ name, dataType, dims }) => value(name, dataType, dims.map(Number)))
        : [];
    return {
      bytes: modelBytes({
        opset: this.#opset,
        nodes: this.#nodes,
        inputs: [...this.#inputs, ...extra],
        outputs: this.#outputs,
        initializers: this.#initializers,
      }),
      feeds: this.#feeds,
      blocks: [`opset ${this.#opset}`, ...blocks],
      halves: this.halves,
    };
  }
}
