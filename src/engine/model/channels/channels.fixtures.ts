import { expect } from 'vitest';
import { nodeRuntime } from '../../../runtime/node';
import { memorySource } from '../../core/bytes';
import type { HostTensor } from '../../runtime';
import { layersOf } from '../layers';
import { type Model, opsetOf, readFloats, readModel } from '../model';
import { scopeOf } from '../scopes';
import { encodeFloats } from '../tensors';
import { sessionModelOf } from '../write';
import { cutChannels } from './cut';
import { Flow } from './graph';
import { type ChannelGroup, channelGroups, entriesOf } from './groups';

const runtime = nodeRuntime();
export type Feeds = Readonly<Record<string, HostTensor>>;

async function outputs(model: Model, feeds: Feeds): Promise<number[]> {
  const session = await runtime.open(await sessionModelOf(model, runtime.externalData), 'cpu');
  try {
    const results = await session.run(feeds);
    return Object.values(results).flatMap(({ data }) => Array.from(data as Float32Array));
  } finally {
    await session.release();
  }
}

export const groupsIn = (model: Model) => {
  const main = scopeOf(model);
  const layers = layersOf(main);
  const flow = new Flow(main, opsetOf(model));
  const found = channelGroups(flow, layers);
  const groups = [...new Set(found.values())].filter((group): group is ChannelGroup => !('reason' in group));
  return { flow, layers, groups, found };
};

/**
 * The model with the columns of the units that go set to zero in every layer that takes them: nobody else reads them.
 */
async function masked(bytes: Uint8Array, kept: (group: ChannelGroup) => readonly number[]): Promise<Model> {
  const model = await readModel(memorySource(bytes, 'masked.onnx'));
  for (const group of groupsIn(model).groups) {
    for (const layer of group.consumers) {
      const values = await readFloats(model, layer.tensor);
      const [out, inner] = layer.shape as [number, number];
      const taps = values.length / (out * inner);
      const stay = new Set(entriesOf(kept(group), group.units, inner));
      for (let i = 0; i < out; i++) {
        for (let j = 0; j < inner; j++) {
          if (stay.has(j)) continue;
          for (let k = 0; k < taps; k++)
            values[layer.stored === 'transposed' ? j * out + i : (i * inner + j) * taps + k] = 0;
        }
      }
      const rawData = encodeFloats(values, layer.tensor.dataType);
      Object.assign(layer.tensor, { rawData, dataLocation: 0, externalData: [] });
    }
  }
  return model;
}

/** Cuts every third unit of every group, and compares with the masked model. Returns the groups' kinds. */
export async function check(bytes: Uint8Array, feeds: Feeds, what: string): Promise<string[]> {
  const model = await readModel(memorySource(bytes, 'model.onnx'));
  const { flow, groups } = groupsIn(model);
  const keptOf = ({ units }: ChannelGroup) => Array.from({ length: units }, (_, i) => i).filter((i) => i % 3 !== 1);
  const cut = await cutChannels(
    model,
    flow,
    groups.map((group) => ({ group, kept: keptOf(group) })),
  );
  const expected = await outputs(await masked(bytes, keptOf), feeds);
  const actual = await outputs(cut, feeds);
  expect(actual.length, what).toBe(expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...actual.map((entry, i) => Math.abs(entry - expected[i]!)));
  // Sums without the zero terms, in another order, through every layer of the model.
  expect(worst / largest, what).toBeLessThan(2e-4);
  expect(largest, what).toBeGreaterThan(0);
  return groups.map(({ kind, units }) => `${units} ${kind}`);
}
