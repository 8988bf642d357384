import { breakEven, cutOf } from '../cost';
import { formatShare } from '../format';
import { stackOf } from '../state/recipe';
import { curvesOf, footOf, largest, type Measured, PLOT, rankPosition, ranksOf, valuePosition } from './geometry';
import { usePlans } from './usePlans';

/**
 * The part of the chart that changes with the options: the kept region and its edge, or a dot on each of several
 * curves.
 */
export function CutOverlay({ measured }: { measured: readonly Measured[] }) {
  return (
    <div
      className="cut"
      aria-hidden="true"
      style={{ left: PLOT.left, right: PLOT.right, top: PLOT.top, bottom: PLOT.bottom }}
    >
      {measured.length === 1 ? <OneCut measured={measured[0]} /> : <ManyCuts measured={measured} />}
    </div>
  );
}

function OneCut({ measured: { layer, spectrum } }: { measured: Measured }) {
  const plans = usePlans();
  const cut = cutOf(layer, plans, stackOf(plans.stacks, layer.id));
  if (!cut) return null;
  const ranks = ranksOf(spectrum);
  const even = breakEven(layer, plans.opset);
  const [first] = cut.ranks;
  const edge = 100 * rankPosition(first, ranks);
  const evenAt = 100 * rankPosition(even, ranks);
  const edges = cut.ranks.map((rank) => 100 * rankPosition(rank, ranks));
  const kept = cut.error === undefined ? '' : ` · ${formatShare(1 - cut.error ** 2)} of σ²`;
  return (
    <>
      <div className="cut-region" style={{ width: `${edge}%` }} />
      {cut.ranks.map((rank, side) => {
        const at = 100 * rankPosition(rank, ranks);
        return (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: the two sides are told apart by their place
            key={side}
            className="cut-line"
            data-side={side}
            data-flip={at > 60 || undefined}
            style={{ left: `${at}%` }}
          >
            {side === 0 && <span>{`kept: ${cut.ranks.join(' and ')}${kept}`}</span>}
          </div>
        );
      })}
      <div className="cut-even" data-flip={flipped(evenAt, edges) || undefined} style={{ left: `${evenAt}%` }}>
        <span>{spectrum.kind === 'matrix' ? `${even}: break-even` : `${even}: break-even, both sides`}</span>
      </div>
    </>
  );
}

/** About how much of the plot's width the break-even label takes, in percent. */
const LABEL_WIDTH = 28;

/**
 * Whether the label of a line at `at` is on its left side: the right is too narrow, or another edge crosses it there.
 */
function flipped(at: number, edges: readonly number[]): boolean {
  if (at > 100 - LABEL_WIDTH) return true;
  if (at < LABEL_WIDTH) return false;
  const crossed = (from: number, to: number) => edges.some((edge) => edge >= from && edge <= to);
  return crossed(at, at + LABEL_WIDTH) && !crossed(at - LABEL_WIDTH, at);
}

function ManyCuts({ measured }: { measured: readonly Measured[] }) {
  const plans = usePlans();
  const foot = footOf(measured);
  return measured.map(({ layer, spectrum }) => {
    const cut = cutOf(layer, plans, stackOf(plans.stacks, layer.id));
    if (!cut) return null;
    return curvesOf(spectrum).map((values, side) => {
      const rank = Math.min(values.length, cut.ranks[side] ?? cut.ranks[0]);
      return (
        <i
          // biome-ignore lint/suspicious/noArrayIndexKey: the two sides are told apart by their place
          key={`${layer.id} ${side}`}
          className="cut-dot"
          data-side={side}
          data-idle={!cut.smaller || undefined}
          style={{
            left: `${(100 * rank) / values.length}%`,
            top: `${100 * valuePosition(values[rank - 1] / largest(values), foot)}%`,
          }}
        />
      );
    });
  });
}
