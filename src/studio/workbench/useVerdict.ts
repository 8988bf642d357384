import { useStudio } from '../store';
import { type Verdict, verdictOf } from './verdict';

/** What real data showed about relative errors of this size; undefined where it showed nothing. */
export function useVerdict(error: number | undefined): Verdict | undefined {
  const runs = useStudio((state) => state.runs);
  const currentRun = useStudio((state) => state.currentRun);
  const ranStacks = useStudio((state) => state.ranStacks);
  const stacks = useStudio((state) => state.stacks);
  const included = useStudio((state) => state.included);
  const proposals = useStudio((state) => state.proposals);
  return error === undefined
    ? undefined
    : verdictOf({ runs, currentRun, ranStacks, stacks, included, proposals }, error);
}
