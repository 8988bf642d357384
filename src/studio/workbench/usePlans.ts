import { useMemo } from 'react';
import { useStudio } from '../store';
import { measuredBy, type Plans } from '../studioCosts';

/** What plans depend on at the moment; a model must be open. Errors are those that the run in Compare measured. */
export function usePlans(): Plans {
  const opset = useStudio(({ model }) => model!.opset);
  const spectra = useStudio((state) => state.spectra);
  const trains = useStudio((state) => state.trains);
  const stacks = useStudio((state) => state.stacks);
  const aim = useStudio(({ settings }) => settings.export?.aim);
  const result = useStudio(({ runs, currentRun }) => runs.find(({ run }) => run === currentRun)?.result);
  const ran = useStudio(({ ranStacks, currentRun }) => (currentRun === null ? undefined : ranStacks.get(currentRun)));
  return useMemo(
    () => ({
      opset,
      spectra,
      trains,
      stacks,
      aim,
      ...(result && ran && { measured: measuredBy(result, ran) }),
    }),
    [opset, spectra, trains, stacks, aim, result, ran],
  );
}
