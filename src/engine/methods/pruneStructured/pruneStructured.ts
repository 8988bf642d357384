import { z } from 'zod';
import { type Cut, cutChannels } from '../../model/channels/cut';
import { Flow } from '../../model/channels/graph';
import { type ChannelGroup, channelGroups, type UnitKind } from '../../model/channels/groups';
import type { Layer } from '../../model/layers';
import { opsetOf } from '../../model/model';
import { elements } from '../../operators/operator';
import { weightOf } from '../../operators/weight';
import type { GraphContext, GraphEdit, GraphMethod } from '../method';
import { choice, share } from '../options';
import { tryCuts } from './trial';

const options = z.strictObject({
  size: share({ title: 'Size', help: 'stored bytes after over before' }),
  unit: choice(['neurons', 'heads', 'channels'], {
    title: 'Unit',
    help: 'what goes as a whole: hidden neurons of matrices, attention heads, or channels of convolutions',
  }).default('neurons'),
  score: choice(['magnitude', 'wanda'], {
    title: 'Score',
    help: 'which units matter: the size of their weights, or of what they hand on for the calibration data',
  }).default('magnitude'),
});

export type PruneStructuredOptions = z.infer<typeof options>;

/**
 * Structured pruning: removes whole neurons, attention heads or channels, and with them every tensor slice that depends
 * on them (LLM-Pruner's dependency groups). What is left is a smaller dense model, which every runtime runs faster.
 *
 * The score of a unit is a sum over the weights of its group, each relative to its ‖W‖²: the rows of weights that make
 * the unit, and the columns of weights that read it. With `wanda` only the columns count, each weighted by the mean
 * square of its input.
 */
export const pruneStructured: GraphMethod<PruneStructuredOptions> = {
  name: 'prune-structured',
  title: 'Structured pruning',
  summary: 'Removes whole neurons, heads or channels with everything that depends on them.',
  paper: 'Ma et al. 2023 (LLM-Pruner); Fang et al. 2023 (DepGraph); Sun et al. 2023 (Wanda)',
  options,
  needsData: ({ score }) => score === 'wanda',
  // Which units a layer makes or reads, and whether they can be removed, depends on the graph.
  plan({ shape }, { unit }) {
    const isKernel = shape.length > 2;
    if (isKernel === (unit === 'channels')) return 'unknown';
    return { skipped: `it has no ${unit}: choose the unit ${isKernel ? 'channels' : 'neurons or heads'}` };
  },
  advice: (_, { unit }) => [
    `The layers that take these ${unit} shrink by as much, and what is left is dense: every runtime runs it faster.`,
  ],
  async edit(model, main, layers, { size, unit, score }, context): Promise<GraphEdit> {
    const flow = new Flow(main, opsetOf(model));
    const groups = channelGroups(flow, context.layers);
    const skipped = new Map<Layer, string>();
    const cuts: Cut[] = [];
    const done = new Set<ChannelGroup>();
    for (const [at, layer] of layers.entries()) {
      context.signal?.throwIfAborted();
      context.onProgress?.({ done: at, total: layers.length, label: layer.name });
      const group = groups.get(layer)!;
      const reason =
        layer.unhandled ??
        ('reason' in group ? `its outputs can't be cut: ${group.reason}` : whyNot(flow, group, unit, layers, context));
      if (reason !== undefined) {
        skipped.set(layer, reason);
        continue;
      }
      if (done.has(group as ChannelGroup)) continue;
      done.add(group as ChannelGroup);
      const cut = await cutOf(group as ChannelGroup, keptOf((group as ChannelGroup).units, size), score);
      if (typeof cut === 'string') for (const producer of (group as ChannelGroup).producers) skipped.set(producer, cut);
      else cuts.push(cut);
    }
    if (cuts.length === 0) return { model, skipped };
    const { refused, report } = await tryCuts(model, flow, cuts, context.trial, context);
    for (const [{ group }, why] of refused) for (const producer of group.producers) skipped.set(producer, why);
    const accepted = cuts.filter((cut) => !refused.has(cut));
    const edited = accepted.length > 0 ? await cutChannels(model, flow, accepted, context.signal) : model;
    return { model: edited, skipped, trial: report };

    async function cutOf(
      group: ChannelGroup,
      count: number,
      by: PruneStructuredOptions['score'],
    ): Promise<Cut | string> {
      if (count === group.units) return `would not get smaller: all ${group.units} ${unit} stay`;
      const scores = new Float64Array(group.units);
      const add = async (layer: Layer, axis: 0 | 1, weights?: Float64Array) => {
        const energies = await energiesOf(layer, axis, weights);
        const total = energies.reduce((sum, value) => sum + value, 0) || 1;
        const run = energies.length / group.units;
        for (const [i, value] of energies.entries()) scores[Math.floor(i / run)]! += value / total;
      };
      if (by === 'magnitude') for (const layer of group.producers) await add(layer, 0);
      for (const layer of group.consumers) {
        const input = by === 'wanda' ? context.statisticsOf(layer) : undefined;
        if (typeof input === 'string')
          return `score wanda needs statistics of the input of ${layer.name}, and ${input}`;
        await add(layer, 1, input?.meanSquare);
      }
      const ranked = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
      return { group, kept: ranked.slice(0, count).sort((a, b) => a - b) };
    }

    /** ‖row‖² or ‖column‖² of a layer's weight; `weights` multiply the entries of each row. */
    async function energiesOf(layer: Layer, axis: 0 | 1, weights?: Float64Array): Promise<Float64Array> {
      const values = await weightOf(model, layer).toDense();
      const [out, inner, ...kernel] = layer.shape as [number, number, ...number[]];
      const taps = elements(kernel);
      const energies = new Float64Array(axis === 0 ? out : inner);
      for (let i = 0; i < out; i++) {
        for (let j = 0; j < inner * taps; j++) {
          const square = values[i * inner * taps + j]! ** 2 * (weights?.[j] ?? 1);
          energies[axis === 0 ? i : Math.floor(j / taps)]! += square;
        }
      }
      return energies;
    }
  },
};

const keptOf = (units: number, size: number): number => Math.max(1, Math.floor(size * units + 1e-9));

function whyNot(
  flow: Flow,
  group: ChannelGroup,
  unit: UnitKind,
  selected: readonly Layer[],
  { layers, rewritten }: GraphContext,
): string | undefined {
  if (group.kind !== unit) return `it makes ${group.kind}, not ${unit}: choose the unit ${group.kind}`;
  const missing = group.producers.find((layer) => !selected.includes(layer));
  if (missing) return `its ${unit} are also made by ${missing.name}, which is not selected`;
  // A depthwise kernel is a layer too.
  const constants = new Set(group.parameters.map(({ node, input }) => flow.constant(node.input[input]!)?.tensor));
  const along = layers.filter(({ tensor }) => constants.has(tensor));
  const changed = [...group.producers, ...group.consumers, ...along].find((layer) => rewritten(layer));
  if (changed) return `${changed.name} was rewritten by a step before; put prune-structured first`;
  return undefined;
}
