import { describe, expect, it } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import { seeded } from '../../core/random';
import { fixtures, gaussian } from '../../model/fixtures';
import { layersOf } from '../../model/layers';
import { type Model, readModel } from '../../model/model';
import { scopeOf, scopesIn } from '../../model/scopes';
import { bytesOfFile, filesOf, sessionModelOf } from '../../model/write';
import { expectClose } from '../../reference/compare';
import type { HostTensor } from '../../runtime';
import { denseOf } from '../dense/dense';
import { lowRank } from '../lowRank/lowRank';
import type { Operator } from '../operator';
import { tucker2 } from '../tucker2/tucker2';
import { weightOf } from '../weight';
import { replaceWeights } from './replace';

const runtime = nodeRuntime();

async function run(model: Model, x: HostTensor): Promise<Float32Array> {
  const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
  try {
    return (await session.run({ x })).y!.data as Float32Array;
  } finally {
    await session.release();
  }
}

/** W = W·I or I·W, and the like for kernels: exact whatever the weight, so that only the wiring can be wrong. */
function exactly(weight: Operator, values: Float32Array<ArrayBuffer>, type: 'float32' | 'float16'): Operator {
  const [out, inner, ...kernel] = weight.shape as [number, number, ...number[]];
  const identity = (n: number) => Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const leaf = (shape: number[], held: Float32Array<ArrayBuffer>) => denseOf(shape, type, held);
  if (kernel.some((size) => size > 1)) {
    return tucker2(
      leaf([inner, inner], identity(inner)),
      leaf([out, inner, ...kernel], values),
      leaf([out, out], identity(out)),
    );
  }
  return lowRank(
    leaf([out, inner], values),
    lowRank(leaf([inner, inner], identity(inner)), leaf([inner, inner], identity(inner))),
  );
}

const names = (model: Model) =>
  [...scopesIn(scopeOf(model))].flatMap(({ graph }) => [
    ...graph.input.map(({ name }) => name),
    ...graph.output.map(({ name }) => name),
    ...graph.node.flatMap(({ name, output }) => [name, ...output]),
  ]);

describe('a weight replaced by its factors', () => {
  for (const fixture of fixtures()) {
    it(`computes the same: ${fixture.name}`, async () => {
      const random = seeded(7);
      const model = await readModel(memorySource(fixture.bytes, 'fixture.onnx'));
      const main = scopeOf(model);
      const layers = layersOf(main);
      expect(layers).toHaveLength(1);
      const layer = layers[0]!;
      expect({
        op: layer.op,
        shape: layer.shape,
        consumers: layer.uses.length,
        compressible: layer.compressible,
      }).toEqual({
        op: fixture.op,
        shape: fixture.shape,
        consumers: fixture.consumers ?? 1,
        compressible: true,
      });

      const weight = weightOf(model, layer);
      const operator = exactly(weight, await weight.toDense(), weight.type);
      expectClose(await operator.toDense(), await weight.toDense(), 0, 'toDense');
      const changed = await replaceWeights(model, main, new Map([[layer, operator]]));

      const count = fixture.input.reduce((a, b) => a * b, 1);
      const x: HostTensor =
        fixture.inputType === 'int64'
          ? {
              type: 'int64',
              dims: fixture.input,
              data: BigInt64Array.from({ length: count }, () => BigInt(random.below(60))),
            }
          : { type: 'float32', dims: fixture.input, data: gaussian(random, fixture.input) };
      const expected = await run(model, x);
      const actual = await run(changed, x);
      // Multiplying by the identity adds zeros only; kernels may sum in another order: a few roundings of sums of ~100 terms.
      expectClose(actual, expected, 2e-5, fixture.name);

      // Written to a file and read back, it is the same model.
      const [file] = filesOf(changed, 'changed.onnx');
      const read = await readModel(memorySource(await bytesOfFile(file!), 'changed.onnx'));
      expectClose(await run(read, x), actual, 0, 'read back');

      // The dense weight is gone, and every name that was there before still is, but for the weight's own.
      const stored = layersOf(scopeOf(changed));
      expect(stored.map(({ weight }) => weight)).not.toContain(layer.weight);
      const gone = names(model).filter((name) => name !== '' && !names(changed).includes(name));
      expect(gone.every((name) => ['w', 'wt', 'turn'].includes(name))).toBe(true);
    });
  }
});
