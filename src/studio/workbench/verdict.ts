import { headlineOf, lossOf, type RunReport } from '../../engine/page/light';
import { agreementSaysLittle, formatValue, headline } from '../compare/quality';
import { stackKey, stackOf } from '../state/recipe';
import type { Studio } from '../store';

/** What real data showed about a run, where weight errors can only warn. */
export interface Verdict {
  /** "Run 2 on test.npz: top-1 accuracy 91.1 %, before 91.2 %." */
  readonly sentence: string;
  /** The model works about as well as before. */
  readonly kept: boolean;
}

type Asked = Pick<Studio, 'runs' | 'currentRun' | 'ranStacks' | 'stacks' | 'included'>;

/**
 * A measurement on real data that applies to a largest relative error of `error`: of the run in Compare, if the
 * workbench still shows what it did, else of the latest run that kept its quality with errors at least as large.
 * Undefined where there is none: then the warning from weight errors stands.
 */
export function verdictOf(state: Asked, error: number): Verdict | undefined {
  const told = state.runs.filter(isTold);
  const current = told.find(({ run }) => run === state.currentRun);
  if (current && isAsRan(state)) return say(current);
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
  const ran = currentRun === null ? undefined : ranStacks.get(currentRun);
  if (!ran || ran.size !== included.size) return false;
  return [...included].every((id) => {
    const did = ran.get(id);
    return did !== undefined && stackKey(did) === stackKey(stackOf(stacks, id));
  });
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
