import { toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { type Model, tensorsOf } from '../../model/model';
import { LEAST_OPSET, OPERATORS } from '../all.fixtures';
import type { ExportForm } from './choice';
import { graphOverheadBytes } from './graphOverhead';
import { running, usesOf } from './running.fixtures';

const weight = 'model.encoder.layers.11.mlp.fc1.weight';
const name = '/model/encoder/layers.11/mlp/fc1/MatMul';

/** What a file takes beside the weights themselves. */
function beside({ proto }: Model): number {
  const held = [...tensorsOf(proto)].filter((tensor) => tensor.name.startsWith('model.'));
  return toBinary(ModelProtoSchema, proto).length - held.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0);
}

describe.each(Object.entries(OPERATORS))('%s', (what, make) => {
  it.each([
    [9, 'load'],
    [17, undefined],
    [17, 'use'],
  ] as const)('opset %i, form %s: the count of its nodes is what they take', async (opset, form?: ExportForm) => {
    if (opset < (LEAST_OPSET[what] ?? 0)) return;
    const operator = await make(opset);
    const op = usesOf(operator.shape)[0]!;
    const choice = { aim: 'speed', form } as const;
    const { original, changed } = await running(operator, op, { opset, choice, weight, name });
    const counted = graphOverheadBytes(operator, { op, opset, choice });
    // Names are longer or shorter than those it counts with: a few tensors and nodes, some ten bytes each.
    expect(Math.abs(counted - (beside(changed) - beside(original)))).toBeLessThan(250);
  });
});

it('one method adds less than 2 kB of nodes to a layer', async () => {
  const single = Object.entries(OPERATORS).filter(
    ([what]) => !/ of (low|sparse|codes)|with|few slots|two columns/.test(what),
  );
  expect(single.length).toBeGreaterThan(30);
  for (const [what, make] of single) {
    const operator = await make(17);
    const op = usesOf(operator.shape)[0]!;
    expect(graphOverheadBytes(operator, { op, opset: 17 }), what).toBeLessThan(2000);
  }
});
