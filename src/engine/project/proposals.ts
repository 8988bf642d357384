// The three proposals for an open model. Loaded when they are first asked for: it brings the methods along.

import type { ProposalReport } from '../allocation/proposalReport';
import { ProposalSearch } from '../allocation/proposalSearch';
import { UserError } from '../core/errors';
import type { LongCall } from '../core/progress';
import { isFloat, toNumbers } from '../evaluation/convert';
import type { Dataset } from '../evaluation/dataset';
import { moreSamples } from '../evaluation/moreSamples';
import { openModel } from '../evaluation/openModel';
import { inputSpecs } from '../model/inspect';
import type { HostTensor, Session } from '../runtime';
import type { Tools } from './context';
import type { OpenedModel } from './openedModel';

/**
 * Looks for three recipes to propose, on the open data or on inputs that were made up. A search that gave way to other work
 * goes on where it was. Throws a UserError that says why nothing can be proposed.
 */
export async function propose(
  opened: OpenedModel,
  { runtime, factorisations }: Tools,
  onReport: (report: ProposalReport) => void,
  call: LongCall,
): Promise<ProposalReport> {
  const { model, data } = opened;
  if (![...opened.layers.values()].some(({ compressible }) => compressible))
    throw new UserError('No layer of this model can be made smaller.');
  const [random] = data.random;
  if (random)
    throw new UserError(
      `This model draws at random (${random.op} ${random.name}), so its answers differ from run to run: no promise can be measured.`,
    );
  const original = await opened.original.on(runtime.providers[0]!, call);
  const all = data.given ?? (await madeUp(opened, original, runtime, call));
  const share = data.given && all.samples > 1 ? await data.share() : undefined;
  const known = opened.proposals;
  const isKnown = known?.data === all && known.factorisations === factorisations;
  const search = isKnown
    ? known.search
    : new ProposalSearch({
        model,
        runtime,
        factorisations,
        data: share?.evaluation ?? all,
        ...(all.generated && { moreData: (samples: number) => moreSamples(all, inputSpecs(model), samples) }),
        calibration: share?.calibration,
      });
  opened.proposals = { data: all, factorisations, search };
  return search.run(original, onReport, call);
}

/**
 * Inputs on which two sessions of the model agree. What a graph reads past the end of an input that it was not made for is
 * the same in each run of one session, and differs in another.
 */
async function madeUp(
  { model, data }: OpenedModel,
  original: Session,
  runtime: Tools['runtime'],
  call: LongCall,
): Promise<Dataset> {
  const other = await openModel(model, runtime, { signal: call.signal });
  let turn = 0;
  try {
    return await data.runnable(call, async (feeds) => {
      const outputs = await (turn++ % 2 === 0 ? original : other).run(feeds);
      // What lies past an input may be no number: another size is tried.
      if (Object.values(outputs).some(holdsNaN)) throw new UserError('The model answers with NaN.');
      return outputs;
    });
  } finally {
    await other.release();
  }
}

function holdsNaN(tensor: HostTensor): boolean {
  if (!isFloat(tensor.type)) return false;
  const values = toNumbers(tensor);
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) return true;
  return false;
}
