import { headlineOf, lossOf, type RunReport } from '../../engine/page/light';
import { agreementSaysLittle, formatValue, headline } from '../compare/quality';
import { describeCloseness } from '../proposals/describe';
import { stackKey, stackOf } from '../state/recipe';
import type { Stack, Studio } from '../store';

/** What real data showed about a run, where weight errors can only warn. */
export interface Verdict {
  /** "Run 2 on test.npz: top-1 accuracy 91.1 %, before 91.2 %." */
  readonly sentence: string;
  /** The model works about as well as before. */
  readonly kept: boolean;
}

type Asked = Pick<Studio, 'runs' | 'currentRun' | 'ranStacks' | 'stacks' | 'included' | 'proposals'>;

/**
 * A measurement on real data that applies to a largest relative error of `error`: of the run in Compare, if the
 * workbench still shows what it did, else of the proposal that it shows, else of the latest run that kept its quality with errors at least as large.
 * Undefined where there is none: then the warning from weight errors stands.
 */
export function verdictOf(state: Asked, error: number): Verdict | undefined {
  const told = state.runs.filter(isTold);
  const current = told.find(({ run }) => run === state.currentRun);
  if (current && isAsRan(state)) return say(current);
  const proposed = ofProposal(state);
  if (proposed) return proposed;
  const bore = told.findLast((run) => worstOf(run) >= error && say(run).kept);
  return bore && say(bore);
}

/** Generated inputs do not show whether a model works. */
const isTold = ({ evaluation }: RunReport): boolean =>
  evaluation !== undefined && evaluation.data !== 'generated' && !agreementSaysLittle(evaluation);

const worstOf = ({ result }: RunReport): number =>
  result.layers.reduce((worst, { weightError }) => Math.max(worst, weightError.measured), 0);

/** Whether Compress would repeat what the run in Compare did. */
function isAsRan({ currentRun, ranStacks, stacks, included }: Asked): boolean {
  return isShown(currentRun === null ? undefined : ranStacks.get(currentRun), { stacks, included });
}

/** Whether the workbench has these stacks. */
function isShown(
  ran: ReadonlyMap<string, Stack> | undefined,
  { stacks, included }: Pick<Asked, 'stacks' | 'included'>,
): boolean {
  if (!ran || ran.size !== included.size) return false;
  return [...included].every((id) => {
    const did = ran.get(id);
    return did !== undefined && stackKey(did) === stackKey(stackOf(stacks, id));
  });
}

/** What was measured of the proposal in the workbench, on data that were given. */
function ofProposal({ proposals, stacks, included }: Asked): Verdict | undefined {
  const { report, taken } = proposals ?? {};
  if (!report || !taken || report.generated || !isShown(new Map(taken.stacks), { stacks, included })) return undefined;
  const proposal = report.proposals.find(({ name }) => name === taken.name);
  return (
    proposal && {
      sentence: `The proposal “${proposal.name}” on ${report.data}: ${describeCloseness(proposal.closeness).join(', ')}.`,
      kept: proposal.keepsPromise,
    }
  );
}

function say({ run, evaluation }: RunReport): Verdict {
  const measured = headlineOf(evaluation!);
  const { metric, before } = measured;
  const was = metric.against === 'labels' ? `, before ${formatValue(metric, before)}` : '';
  return {
    sentence: `Run ${run} on ${evaluation!.data}: ${metric.fullTitle} ${headline(evaluation!)}${was}.`,
    kept: lossOf(measured) <= metric.smallLoss,
  };
}
