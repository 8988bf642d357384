import type { FunctionComponent } from 'react';
import type { StepPicture } from '../../../engine/page/light';
import { Bonds } from './Bonds';
import { Grid } from './Grid';
import { Mask } from './Mask';
import { Slots } from './Slots';

type Of<Kind extends StepPicture['kind']> = Extract<StepPicture, { readonly kind: Kind }>;

/** One component for each kind of picture; a method's picture is drawn by its kind. */
const COMPONENTS: { readonly [Kind in StepPicture['kind']]: FunctionComponent<{ picture: Of<Kind> }> } = {
  mask: Mask,
  grid: Grid,
  bonds: Bonds,
  slots: Slots,
};

/** What a step did to the values of a weight. */
export function MethodPicture({ picture }: { picture: StepPicture }) {
  const Picture = COMPONENTS[picture.kind] as FunctionComponent<{ picture: StepPicture }>;
  return <Picture picture={picture} />;
}
