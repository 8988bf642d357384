import { z } from 'zod';
import { messageOf } from '../../core/errors';
import { batches } from '../../evaluation/dataset';
import type { Layer } from '../../model/layers';
import type { Model } from '../../model/model';
import { dropParts, type ResidualPart, residualParts } from '../../model/residualParts';
import type { GraphContext, GraphEdit, GraphMethod } from '../method';
import type { TrialReport } from '../report';

const options = z.strictObject({});

export type DropBlocksOptions = z.infer<typeof options>;

/**
 * Leaves out whole parts that add to their own input, y = x + f(x): attention, an MLP, a residual block. Without f the
 * part hands its input on. A part goes where a step selects all of its layers. What it costs is measured by trying it:
 * parts that change their input little cost little (Men et al. 2024, ShortGPT: block influence).
 */
export const dropBlocks: GraphMethod<DropBlocksOptions> = {
  name: 'drop-blocks',
  title: 'Dropping blocks',
  summary: 'Leaves out attention, MLPs or residual blocks that add to their own input.',
  paper: 'Men et al. 2024 (ShortGPT); Gromov et al. 2024 (The Unreasonable Ineffectiveness of the Deeper Layers)',
  options,
  // Whether a layer lies in such a part depends on the graph.
  plan: () => 'unknown',
  advice: () => [
    'A part goes where all of its layers are ticked. The model gets faster by all that the part computes.',
  ],
  async edit(model, main, layers, _, context): Promise<GraphEdit> {
    const skipped = new Map<Layer, string>();
    const whole: ResidualPart[] = [];
    const parts = residualParts(model, main, context.layers);
    for (const part of parts) {
      const reason = whyNot(part, layers, context);
      if (reason === undefined) whole.push(part);
      else for (const layer of part.layers) skipped.set(layer, reason);
    }
    const { refused, trial } = await tryWithout(model, whole, (some) => dropParts(model, main, some), context);
    const dropped = whole.filter((part) => !refused.has(part));
    for (const [part, reason] of refused) for (const layer of part.layers) skipped.set(layer, reason);
    const gone = new Set(dropped.flatMap((part) => part.layers));
    for (const layer of layers) {
      if (gone.has(layer)) skipped.delete(layer);
      else if (!skipped.has(layer)) skipped.set(layer, 'it lies in no part that adds to its own input');
    }
    if (dropped.length === 0) return { model, skipped };
    return { model: dropParts(model, main, dropped), skipped, ...(trial && { trial }) };
  },
};

function whyNot(
  part: ResidualPart,
  selected: readonly Layer[],
  { rewritten }: Pick<GraphContext, 'rewritten'>,
): string | undefined {
  const missing = part.layers.find((layer) => !selected.includes(layer));
  if (missing) return `its part of the model goes as a whole, and ${missing.name} of it is not selected`;
  const changed = part.layers.find((layer) => rewritten(layer));
  return changed && `${changed.name} was rewritten by a step before; put drop-blocks first`;
}

/** Runs the model without these parts on one sample. Where it fails, each part is tried alone. */
async function tryWithout(
  model: Model,
  parts: readonly ResidualPart[],
  without: (parts: readonly ResidualPart[]) => Model,
  { trial, signal, onProgress }: GraphContext,
): Promise<{ readonly refused: ReadonlyMap<ResidualPart, string>; readonly trial?: TrialReport }> {
  const refused = new Map<ResidualPart, string>();
  if (parts.length === 0) return { refused };
  if (!trial) return { refused, trial: { parts: true, ran: false, note: 'there was nothing to run the model with' } };
  try {
    const data = await trial.dataset();
    const [first] = batches(data, 1);
    const run = async (one: Model) => {
      const session = await trial.open(one);
      try {
        return await session.run(first!.feeds);
      } finally {
        await session.release();
      }
    };
    const expected = shapesOf(await run(model));
    const fault = async (some: readonly ResidualPart[]): Promise<string | undefined> => {
      signal?.throwIfAborted();
      onProgress?.({ done: 0, total: 1, label: 'Trying the model without its blocks on a sample' });
      try {
        const found = shapesOf(await run(without(some)));
        return found === expected ? undefined : 'without it the outputs of the model have other shapes';
      } catch (error) {
        signal?.throwIfAborted();
        return `the model does not run without it: ${messageOf(error).replace(/\.$/, '')}`;
      }
    };
    if ((await fault(parts)) !== undefined)
      for (const part of parts) {
        const reason = await fault([part]);
        if (reason !== undefined) refused.set(part, reason);
      }
    return { refused, trial: { parts: true, ran: true, data: data.name, generated: data.generated } };
  } catch (error) {
    signal?.throwIfAborted();
    return { refused, trial: { parts: true, ran: false, note: messageOf(error).replace(/\.$/, '') } };
  }
}

const shapesOf = (outputs: Readonly<Record<string, { readonly dims: readonly number[] }>>): string =>
  Object.entries(outputs)
    .map(([name, { dims }]) => `${name}: ${dims.join('×')}`)
    .join(', ');
