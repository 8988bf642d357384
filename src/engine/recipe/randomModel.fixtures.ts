import { seeded } from '../core/random';
import { gaussian } from '../model/fixtures';
import { type AttributeValue, DataType, float, tensor, value } from '../model/onnx/build';
import { Builder, type RandomModel } from './randomGraph.fixtures';

type Block = (b: Builder) => void;

/**
 * Random small models for tests: every way that we know in which real files hold and use a weight. One to three blocks;
 * consecutive seeds go through all kinds as their first.
 */
export function randomModel(seed: number): RandomModel {
  const builder = new Builder(seeded(seed));
  const names = Object.keys(BLOCKS);
  const more = Array.from({ length: builder.random.below(3) }, () => builder.pick(names));
  const blocks = [names[seed % names.length]!, ...more];
  for (const name of blocks) BLOCKS[name]!(builder);
  return builder.finish(blocks);
}

/** x·W of some kind, [rows, m] → [rows, n]. */
function dense(b: Builder, x: string, m: number, n: number, weight?: string): string {
  if (weight === undefined && b.chance(0.4)) return gemm(b, x, m, n);
  return b.add('MatMul', [x, weight ?? b.weight(m, n)]);
}

function gemm(b: Builder, x: string, m: number, n: number): string {
  const [transA, transB] = [b.random.below(2), b.random.below(2)];
  const left = transA ? b.add('Transpose', [x], { perm: [1, 0] }) : x;
  const bias = b.opset < 11 || b.chance(0.7) ? [b.store([n])] : b.chance(0.3) ? [''] : [];
  const scales: Record<string, AttributeValue> = b.chance(0.5) ? { alpha: float(0.5), beta: float(-2) } : {};
  return b.add('Gemm', [left, transB ? b.weight(n, m) : b.weight(m, n), ...bias], { transA, transB, ...scales });
}

const BLOCKS: Readonly<Record<string, Block>> = {
  'stack of two layers': (b) => {
    const [m, k, n] = [b.size(), b.size(), b.size()];
    const hidden = dense(b, b.input([5, m]), m, k);
    b.output(dense(b, b.add('Tanh', [hidden]), k, n));
  },
  'MatMul of a stack': (b) => {
    const [m, n] = [b.size(), b.size()];
    b.output(b.add('MatMul', [b.input(b.pick([[m], [2, 3, m], [2, 1, 3, m]])), b.weight(m, n)]));
  },
  'weight on the left': (b) => {
    const [m, n] = [b.size(), b.size()];
    b.output(b.add('MatMul', [b.weight(n, m), b.input(b.pick([[m], [m, 4], [2, m, 3]]))]));
  },
  'Gemm, weight on the left': (b) => {
    const [m, n] = [b.size(), b.size()];
    const [transA, transB] = [b.random.below(2), b.random.below(2)];
    const x = b.input(transB ? [6, m] : [m, 6]);
    b.output(
      b.add('Gemm', [transA ? b.weight(m, n) : b.weight(n, m), x, b.store(b.pick([[6], [n, 1], [n, 6]]))], {
        transA,
        transB,
        alpha: float(1.5),
      }),
    );
  },
  convolution: (b) => {
    const axes = 1 + b.random.below(3);
    const each = (make: () => number) => Array.from({ length: axes }, make);
    const groups = b.pick([1, 1, 1, 1, 2]);
    const [out, inner] = [2 * (8 + b.random.below(6)), 8 + b.random.below(6)];
    const kernel = b.chance(0.3) ? each(() => 1) : each(() => 1 + b.random.below(3));
    const strides = each(() => 1 + b.random.below(2));
    const auto = b.chance(0.4);
    const x = b.input([2, inner * groups, ...each(() => 6 + b.random.below(3))]);
    b.output(
      b.add('Conv', [x, b.store([out, inner, ...kernel]), ...(b.chance(0.6) ? [b.store([out])] : [])], {
        ...(b.chance(0.5) && { kernel_shape: kernel }),
        ...(groups > 1 && { group: groups }),
        ...(b.chance(0.7) && { strides }),
        ...(auto
          ? { auto_pad: b.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET']) }
          : {
              ...(b.chance(0.5) && { dilations: each(() => 1 + b.random.below(2)) }),
              ...(b.chance(0.5) && { pads: [...each(() => b.random.below(3)), ...each(() => b.random.below(3))] }),
            }),
      }),
    );
  },
  'one convolution kernel, used twice': (b) => {
    const w = b.store([14, 14, 3, 3]);
    const hidden = b.add('Conv', [b.input([1, 14, 9, 9]), w], { pads: [1, 1, 1, 1] });
    b.output(b.add('Conv', [hidden, w], { strides: [2, 2] }));
  },
  'transposed convolution': (b) => {
    const groups = b.pick([1, 1, 2]);
    const [inner, out] = [2 * (8 + b.random.below(6)), 8 + b.random.below(6)];
    const bias = b.chance(0.6) ? [b.store([out * groups])] : [];
    b.output(
      b.add('ConvTranspose', [b.input([2, inner, 5, 6]), b.store([inner, out, 3, 2]), ...bias], {
        ...(b.chance(0.5) && { kernel_shape: [3, 2] }),
        ...(groups > 1 && { group: groups }),
        strides: [2, 2],
        ...(b.chance(0.5) ? { output_padding: [1, 0], pads: [1, 0, 1, 0] } : { output_shape: [11, 13] }),
      }),
    );
  },
  embedding: (b) => {
    const [rows, columns] = [40, b.size()];
    const x = b.input(b.pick([[], [7], [2, 3]]), rows);
    b.output(b.add('Gather', [b.weight(rows, columns), x], b.chance(0.3) ? { axis: 0 } : {}));
  },
  'embedding tied to the head': (b) => {
    const [rows, columns] = [40, b.size()];
    const table = b.weight(rows, columns);
    const rest = b.add('Gather', [table, b.input([5], rows)]);
    b.output(b.add('MatMul', [b.add('Tanh', [rest]), b.add('Transpose', [table], { perm: [1, 0] })]));
  },
  'one weight for MatMul, Gemm and Gather': (b) => {
    const [m, n] = [b.size(), b.size()];
    const w = b.weight(m, n);
    const up = dense(b, b.input([4, m]), m, n, w);
    b.output(b.add('Gemm', [up, w, b.store([m])], { transB: 1 }));
    b.output(b.add('MatMul', [w, b.input([n, 3])]));
    if (b.chance(0.5)) b.output(b.add('Gather', [w, b.input([3], m)]));
  },
  'weight that is also a bias': (b) => {
    const [m, n] = [b.size(), b.size()];
    const w = b.weight(m, n);
    b.output(b.add('MatMul', [b.input([4, m]), w]));
    b.output(b.add('Add', [b.input([m, n]), w]));
  },
  'weight that is also an output': (b) => {
    const [m, n] = [b.size(), b.size()];
    const w = b.weight(m, n);
    b.output(b.add('MatMul', [b.input([4, m]), w]));
    b.output(b.chance(0.5) ? w : b.add(b.pick(['Identity', 'Transpose']), [w]));
  },
  'weight in a constant expression': (b) => {
    const [m, n] = [b.size(), b.size()];
    const w = b.weight(m, n);
    b.output(b.add('MatMul', [b.input([4, m]), b.add('Mul', [w, b.store([n])])]));
    if (b.chance(0.5)) b.output(b.add('MatMul', [b.input([4, m]), w]));
    if (b.chance(0.5)) b.output(b.add('Shape', [w]), DataType.INT64);
  },
  'kernel that is also transposed': (b) => {
    const w = b.store([14, 14, 3, 3]);
    b.output(b.add('Conv', [b.input([1, 14, 5, 5]), w]));
    b.output(b.add('Relu', [b.add('Transpose', [w], { perm: [1, 0, 2, 3] })]));
  },
  'product of two weights': (b) => {
    const [m, n, k] = [b.size(), b.size(), b.size()];
    b.output(b.add('MatMul', [b.input([4, m]), b.add('MatMul', [b.weight(m, n), b.weight(n, k)])]));
  },
  'stack of weights': (b) => {
    b.output(b.add('MatMul', [b.input([2, 4, 20]), b.store([2, 20, 26])]));
  },
  'weights in an If': (b) => {
    const [m, n] = [b.size(), b.size()];
    const x = b.input([4, m]);
    const outer = b.weight(m, n);
    const go = b.add('Cast', [b.input([], 2)], { to: DataType.BOOL });
    const branch = () => b.inner([], () => [b.chance(0.5) ? dense(b, x, m, n) : dense(b, x, m, n, outer)]);
    b.output(b.add('If', [go], { then_branch: branch(), else_branch: branch() }));
  },
  'weight in a Loop': (b) => {
    const n = b.size();
    const outer = b.weight(n, n);
    const state = b.fresh('s');
    const inputs = [
      value(b.fresh('i'), DataType.INT64, []),
      value(b.fresh('c'), DataType.BOOL, []),
      value(state, DataType.FLOAT, [4, n]),
    ];
    const body = b.inner(inputs, () => {
      const again = b.add('Identity', [inputs[1]!.name]);
      return [again, b.add('Tanh', [dense(b, state, n, n, b.chance(0.5) ? outer : undefined)])];
    });
    body.output[0]!.type!.value.value = inputs[1]!.type!.value.value as never;
    const trips = b.initializer((name) => tensor(name, [], BigInt64Array.of(3n)));
    const go = b.initializer((name) => tensor(name, [], Uint8Array.of(1), DataType.BOOL));
    b.output(b.add('Loop', [trips, go, b.input([4, n])], { body }));
  },
  'float16 throughout': (b) => {
    b.halves = true;
    const [m, n] = [b.size(), b.size()];
    const x = b.add('Cast', [b.input([4, m])], { to: DataType.FLOAT16 });
    const y = b.add('MatMul', [x, b.store([m, n], undefined, true)]);
    b.output(b.add('Cast', [y], { to: DataType.FLOAT }));
  },
  'table of truncated numbers': (b) => {
    const w = b.store(
      [40, 24],
      gaussian(b.random, [40, 24]).map((v) => 10 * v),
    );
    const whole = b.add('Cast', [w], { to: DataType.INT32 });
    b.output(b.add('Gather', [whole, b.input([5], 40)]), DataType.INT32);
  },
};
