import { useCallback, useEffect, useState } from 'react';
import type { MatrixPicture, PictureFactors } from '../../engine/page/light';
import { engine } from '../engine';
import { isBusy } from '../state/jobs';
import { useStudio } from '../store';

// Kept with the picture, so that going back to one costs nothing.
const known = new WeakMap<MatrixPicture, PictureFactors>();

export interface Factoring {
  readonly factors: PictureFactors | null;
  /** The user cancelled it, or it failed with a notice; `retry` starts again. */
  readonly stopped: boolean;
  retry(): void;
}

/** The engine's factors of `picture`, asked for as soon as no other long call is under way. Null asks for nothing. */
export function useFactors(picture: MatrixPicture | null): Factoring {
  const idle = useStudio((state) => state.engine !== null && !isBusy(state));
  const [, redraw] = useState(0);
  const [stopped, setStopped] = useState<MatrixPicture | null>(null);
  const factors = (picture && known.get(picture)) ?? null;

  useEffect(() => {
    // Several figures may see the engine idle at once; the store itself tells who came first.
    if (!picture || !idle || known.has(picture) || stopped === picture || isBusy(useStudio.getState())) return;
    void useStudio
      .getState()
      .runJob('lesson', 'Factoring the picture', (job) => engine.factorPicture(picture, job))
      .then((result) => {
        if (result) known.set(picture, result);
        else setStopped(picture);
        redraw((count) => count + 1);
      });
  }, [picture, idle, stopped]);

  const retry = useCallback(() => setStopped(null), []);
  return { factors, stopped: picture !== null && stopped === picture, retry };
}
