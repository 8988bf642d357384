import { formatShare } from '../format';
import { HEAVY_ERROR, type TotalCost } from '../studioCosts';

/** How many layers have an error above `HEAVY_ERROR`, and which has the largest; for `heavy` > 0. */
export function describeHeavy({ heavy, worst }: Pick<TotalCost, 'heavy' | 'worst'>, count: number): string {
  if (!worst) return '';
  const all = count === 2 ? 'Both layers have' : `All ${count} layers have`;
  const some = `${heavy} of the ${count} layers ${heavy === 1 ? 'has' : 'have'}`;
  const who = count === 1 ? 'The layer has' : heavy === count ? all : some;
  const what = heavy === 1 ? 'a relative error' : 'relative errors';
  const which = `${worst.layer.name}${heavy > 1 ? ', the worst,' : ''} ${formatShare(worst.error)}`;
  return `${who} ${what} above ${formatShare(HEAVY_ERROR, 0)} (${which}). Only real data can tell whether the model still works.`;
}

/** Which layer has the largest known error; `worst` must be there. */
export function describeWorst({ worst, errors, skipped }: TotalCost, count: number): string {
  const { layer, error, measured } = worst!;
  const some =
    errors === 1
      ? 'The only relative error that is known yet'
      : `The largest relative error of the ${errors} that are known`;
  const whose = errors + skipped < count ? some : 'The largest relative error';
  return `${whose} is ${formatShare(error)} (${layer.name}, ${measured ? 'measured' : 'predicted'}).`;
}

/** What happens to the layers that have no plan, or that no step changes; '' where there are none. */
export function describeRest({ skipped, left, idle, idled, unknown }: TotalCost, count: number): string {
  const said: string[] = [];
  if (skipped > 0) {
    const all = count === 2 ? 'Both layers stay' : `All ${count} layers stay`;
    const some = skipped === 1 ? 'One layer stays' : `${skipped} layers stay`;
    const why = left ? ` (${left.layer.name}: ${left.reason})` : '';
    said.push(`${skipped === count ? all : some} as ${skipped === 1 ? 'it is' : 'they are'}${why}.`);
  }
  if (idled) {
    const whom =
      idle === count ? (count === 2 ? 'both layers' : `all ${count} layers`) : `${idle} of the ${count} layers`;
    said.push(`This step leaves ${whom} as the steps before it do (${idled.layer.name}: ${idled.reason}).`);
  }
  if (unknown > 0) {
    const some = unknown === 1 ? 'The size of one layer is' : `The sizes of ${unknown} layers are`;
    said.push(
      `${some} known after compressing. Until then ${unknown === 1 ? 'it counts' : 'they count'} as unchanged.`,
    );
  }
  return said.join(' ');
}
