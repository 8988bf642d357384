import { useStudio } from '../store';
import { type Verdict, verdictOf } from './verdict';

/** What real data said of relative errors this large; undefined where it has said nothing. */
export function useVerdict(error: number | undefined): Verdict | undefined {
  const runs = useStudio((state) => state.runs);
  const currentRun = useStudio((state) => state.currentRun);
  const ranStacks = useStudio((state) => state.ranStacks);
  const stacks = useStudio((state) => state.stacks);
  const included = useStudio((state) => state.included);
  return error === undefined ? undefined : verdictOf({ runs, currentRun, ranStacks, stacks, included }, error);
}
