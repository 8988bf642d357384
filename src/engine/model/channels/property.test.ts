import type { NodeProto, TensorProto } from 'onnx-buf';
import { expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { type Random, seeded } from '../../core/random';
import { gaussian } from '../fixtures';
import { type AttributeValue, DataType, float, int64, modelBytes, node, tensor, value } from '../onnx/build';
import { check, type Feeds } from './channels.fixtures';

/** Graphs of operators that move, mix or keep channels in every way that their shapes allow, one after the other. */
class Maze {
  readonly nodes: NodeProto[] = [];
  readonly held: TensorProto[] = [];
  #count = 0;

  constructor(
    private readonly random: Random,
    readonly opset: number,
    /** Whether shapes that the graph computes take the place of constants. */
    private readonly dynamic: boolean,
  ) {}

  pick<T>(choices: readonly T[]): T {
    return choices[this.random.below(choices.length)]!;
  }

  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    const name = `v${this.#count++}`;
    this.nodes.push(node(op, inputs, [name], attributes, { name: `${op}_${name}` }));
    return name;
  }

  constant(dims: readonly number[], positive = false): string {
    const name = `c${this.#count++}`;
    const values = gaussian(this.random, dims).map((x) => (positive ? 0.5 + x * x : x));
    this.held.push(tensor(name, dims, values));
    return name;
  }

  ints(values: readonly number[]): string {
    const name = `i${this.#count++}`;
    this.held.push(int64(name, values));
    return name;
  }

  /** A shape, with the batch and some entries taken from elsewhere: −1, 0, or what a Shape says. */
  target(source: string, from: readonly number[], to: readonly number[]): string {
    const entries = [...to];
    const free = this.random.below(to.length + 1);
    if (free < to.length) entries[free] = -1;
    for (const [axis, size] of to.entries()) {
      if (entries[axis] === size && from[axis] === size && this.random.below(3) === 0) entries[axis] = 0;
    }
    if (!this.dynamic || this.random.below(2) === 0 || from[0] !== to[0] || entries[0] === -1)
      return this.ints(entries);
    const first = this.add('Gather', [this.add('Shape', [source]), this.ints([0])]);
    return this.add('Concat', [first, this.ints(entries.slice(1))], { axis: 0 });
  }

  /** One more operator on `x`; returns its result and that one's shape. */
  step(x: string, dims: readonly number[]): [string, number[]] {
    const rank = dims.length;
    const count = dims.reduce((a, b) => a * b, 1);
    const axis = this.random.below(rank);
    switch (this.random.below(12)) {
      case 0:
        return [this.add(this.pick(['Relu', 'Tanh', 'Sigmoid']), [x]), [...dims]];
      case 1: {
        const shape = dims.map((size) => (this.random.below(2) === 0 ? size : 1)).slice(this.random.below(rank));
        return [this.add(this.pick(['Add', 'Mul']), [x, this.constant(shape)]), [...dims]];
      }
      case 2: {
        const to = factored(this.random, count, 1 + this.random.below(4));
        return [this.add('Reshape', [x, this.target(x, dims, to)]), to];
      }
      case 3: {
        const first = dims[0]!;
        const to = [first, ...factored(this.random, count / first, 1 + this.random.below(3))];
        return [this.add('Reshape', [x, this.target(x, dims, to)]), to];
      }
      case 4: {
        const perm = [...dims.keys()].sort(() => this.random.uniform() - 0.5);
        return [this.add('Transpose', [x], { perm }), perm.map((at) => dims[at]!)];
      }
      case 5:
        return [this.add('Softmax', [x], { axis: this.pick([axis, axis - rank]) }), [...dims]];
      case 6: {
        if (rank < 2) return [x, [...dims]];
        const channels = [dims[1]!];
        const parameters = [this.constant(channels), this.constant(channels), this.constant(channels)];
        return [this.add('BatchNormalization', [x, ...parameters, this.constant(channels, true)]), [...dims]];
      }
      case 7: {
        if (rank < 2 || count / dims[axis]! < 8) return [x, [...dims]];
        const keepdims = this.random.below(2);
        const to = keepdims ? dims.with(axis, 1) : dims.filter((_, at) => at !== axis);
        return [this.add('ReduceMean', [x], { axes: [this.pick([axis, axis - rank])], keepdims }), [...to]];
      }
      case 8: {
        const at = this.random.below(rank + 1);
        return [this.add('Flatten', [x], { axis: at }), [product(dims.slice(0, at)), product(dims.slice(at))]];
      }
      case 9: {
        const one = this.add('Unsqueeze', [x, this.ints([axis])]);
        if (this.random.below(2) === 0) return [one, [...dims.slice(0, axis), 1, ...dims.slice(axis)]];
        return [this.add('Squeeze', [one, this.ints([axis])]), [...dims]];
      }
      case 10: {
        if (rank !== 4) return [x, [...dims]];
        const pooled = this.add(this.pick(['MaxPool', 'AveragePool']), [x], {
          kernel_shape: [1, 3],
          pads: [0, 1, 0, 1],
        });
        if (this.random.below(2) === 0 || dims[2]! * dims[3]! === 1) return [pooled, [...dims]];
        const parameters = [this.constant([dims[1]!]), this.constant([dims[1]!])];
        return [this.add('InstanceNormalization', [pooled, ...parameters], { epsilon: float(0.1) }), [...dims]];
      }
      default: {
        if (rank !== 4) return [this.add('Add', [x, this.add('Tanh', [x])]), [...dims]];
        const kernel = this.constant([dims[1]!, 1, 1, 1]);
        return [this.add('Conv', [x, kernel, this.constant([dims[1]!])], { group: dims[1]! }), [...dims]];
      }
    }
  }
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** `parts` whole numbers whose product is `count`. */
function factored(random: Random, count: number, parts: number): number[] {
  const out = new Array<number>(parts).fill(1);
  for (let rest = count, prime = 2; rest > 1; ) {
    if (rest % prime === 0) {
      out[random.below(parts)]! *= prime;
      rest /= prime;
    } else prime++;
  }
  return out;
}

function maze(seed: number): { bytes: Uint8Array; feeds: Feeds } {
  const random = seeded(seed);
  const made = new Maze(random, random.below(2) === 0 ? 13 : 17, random.below(2) === 0);
  const spatial = random.below(2) === 0;
  const units = made.pick([8, 12, 24]);
  const input = spatial
    ? [made.pick([1, 2]), 5, made.pick([2, 4]), made.pick([2, 3])]
    : [made.pick([1, 2]), made.pick([3, 8, units]), 10];
  let dims = spatial ? input.with(1, units) : input.with(2, units);
  let x = spatial
    ? made.add('Conv', ['x', made.constant([units, 5, 1, 1]), made.constant([units])])
    : made.add('MatMul', ['x', made.constant([10, units])]);
  const length = 1 + random.below(5);
  for (let i = 0; i < length; i++) [x, dims] = made.step(x, dims);
  const conv = dims.length === 4 && random.below(2) === 0;
  const y = conv
    ? made.add('Conv', [x, made.constant([9, dims[1]!, 1, 1])])
    : made.add('MatMul', [x, made.constant([dims.at(-1)!, 9])]);
  const declared = input.map((size, axis) => (axis === 0 || (axis > 1 && spatial) ? `d${axis}` : size));
  return {
    bytes: modelBytes({
      opset: made.opset,
      inputs: [value('x', DataType.FLOAT, random.below(2) === 0 ? input : declared)],
      outputs: [value(y, DataType.FLOAT)],
      nodes: made.nodes,
      initializers: made.held,
    }),
    feeds: { x: { type: 'float32', dims: input, data: gaussian(random, input) } },
  };
}

it('whatever is found to be cut in random graphs computes what masking it does', async () => {
  const runtime = nodeRuntime();
  let [ran, cut] = [0, 0];
  for (let seed = 1; seed <= 500; seed++) {
    const { bytes, feeds } = maze(seed);
    const runs = await runtime.open({ bytes, externalData: [] }, 'cpu').then(
      async (session) => {
        const outputs = await session.run(feeds).finally(() => session.release());
        // A Softmax over one entry, or the mean of what is normalised, leaves nothing to compare.
        return Object.values(outputs).some(({ data }) =>
          (data as Float32Array).some((entry) => Math.abs(entry) > 1e-3),
        );
      },
      () => false,
    );
    if (!runs) continue;
    ran++;
    if ((await check(bytes, feeds, `seed ${seed}`)).length > 0) cut++;
  }
  // Both what can be cut and what cannot were put to the test.
  expect(cut).toBeGreaterThan(60);
  expect(ran - cut).toBeGreaterThan(60);
});
