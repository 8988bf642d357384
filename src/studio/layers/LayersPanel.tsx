import { Checkbox, CloseButton, Select, TextInput, UnstyledButton } from '@mantine/core';
import { IconSortAscending, IconSortDescending } from '@tabler/icons-react';
import { useDeferredValue, useMemo } from 'react';
import { STRIP_SIZES } from '../cost';
import { lineTitle, measureTitle } from '../sensitivity/describe';
import type { SortKey } from '../store';
import './layers.css';
import { formatLevel } from '../sensitivity/damageScale';
import { useStudio } from '../store';
import { arrange } from './arrange';
import { DamageTools } from './DamageTools';
import { type Damage, useDamage } from './damage';
import { LayerGrid } from './LayerGrid';
import { NotCompressible } from './NotCompressible';
import { Treemap } from './Treemap';

const SORTS: { value: SortKey; label: string }[] = [
  { value: 'order', label: 'Model order' },
  { value: 'size', label: 'Parameters' },
  { value: 'share', label: 'Bytes' },
  { value: 'effectiveRank', label: 'Effective rank' },
  { value: 'error', label: 'Error at 50 %' },
  { value: 'name', label: 'Name' },
];

const RANK_HINT =
  'Effective rank: about how many directions carry the weight. The smaller it is compared with the full rank, the better the layer compresses.';
const STRIP_HINT =
  'Error of the weight at 70, 50, 30 and 10 % of its size. More orange means that more is lost; grey means that nothing is lost.';

const TICKED_HINT =
  'At first, the largest layers are ticked: together they hold 95 % of the compressible weights. Small layers save little, and compressing them harms the model soonest. As long as you have changed nothing, the ticks follow the safe proposal.';

/** The layers of the model: sorted by size, by name, or by how well they would compress. */
export function LayersPanel({ hidden = false }: { hidden?: boolean }) {
  const model = useStudio((state) => state.model);
  const damage = useDamage();
  const spectra = useDeferredValue(useStudio((state) => state.spectra));
  const sort = useStudio((state) => state.sort);
  const descending = useStudio((state) => state.descending);
  const filter = useStudio((state) => state.filter);
  const setSort = useStudio((state) => state.setSort);
  const setFilter = useStudio((state) => state.setFilter);
  const shown = useMemo(
    () => arrange(model?.layers ?? [], spectra, { sort, descending, filter }, damage?.cells),
    [model, spectra, sort, descending, filter, damage],
  );
  const [compressible, others] = useMemo(() => {
    const layers = model?.layers ?? [];
    return [layers.filter((layer) => layer.compressible), layers.filter((layer) => !layer.compressible)];
  }, [model]);
  return (
    <section className="layers" aria-label="Layers" hidden={hidden}>
      <div className="layers-head">
        <IncludeAll />
        <Treemap layers={compressible} spectra={spectra} damage={damage} />
        <DamageTools />
        <TextInput
          size="xs"
          aria-label="Filter layers by name, operator or shape"
          placeholder="Filter: name, operator, shape…"
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape' || !filter) return;
            // Here Esc clears the filter; elsewhere it cancels the running job.
            event.preventDefault();
            setFilter('');
          }}
          rightSection={
            filter ? <CloseButton size="xs" aria-label="Clear the filter" onClick={() => setFilter('')} /> : null
          }
        />
        <div className="layers-tools">
          <Select
            className="layers-sort"
            size="xs"
            variant="unstyled"
            rightSectionWidth={20}
            aria-label="Sort layers by"
            data={damage ? [...SORTS, { value: 'damage', label: 'Damage' }] : SORTS}
            value={sort}
            allowDeselect={false}
            onChange={(value) => setSort(value as SortKey)}
            comboboxProps={{ width: 180, position: 'bottom-start', withinPortal: false }}
          />
          <UnstyledButton
            className="layers-direction"
            aria-label={descending ? 'Falling: sort the other way' : 'Rising: sort the other way'}
            onClick={() => setSort(sort, !descending)}
          >
            {descending ? <IconSortDescending size={16} /> : <IconSortAscending size={16} />}
          </UnstyledButton>
          <span className="list-head">{damage ? <DamageHead damage={damage} /> : <SpectrumHead />}</span>
        </div>
      </div>
      <LayerGrid layers={shown} spectra={spectra} damage={damage} total={compressible.length} />
      <NotCompressible
        key={`${compressible.length > 0}`}
        layers={others}
        others={model?.others ?? []}
        open={compressible.length === 0}
      />
    </section>
  );
}

const SpectrumHead = () => (
  <>
    <span className="rank-head" title={RANK_HINT}>
      eff.
      <br />
      rank
    </span>
    <span className="strip-head" title={STRIP_HINT}>
      <span className="strip-name">error at %</span>
      {STRIP_SIZES.map((size) => (
        <span key={size}>{Math.round(size * 100)}</span>
      ))}
    </span>
    <span className="hidden-text">
      {RANK_HINT} {STRIP_HINT}
    </span>
  </>
);

function DamageHead({ damage: { map, level } }: { damage: Damage }) {
  const hint = `How far the model's answer moves when only this layer is compressed, to ${formatLevel(level)} of its bytes (${lineTitle(map.report, map.line)}): ${measureTitle(map.report)}, measured. The strip shows all levels, the largest first.`;
  return (
    <>
      <span className="rank-head" title={hint}>
        damage
        <br />
        at {formatLevel(level)}
      </span>
      <span className="strip-head" title={hint}>
        <span className="strip-name">all levels</span>
      </span>
      <span className="hidden-text">{hint}</span>
    </>
  );
}

function IncludeAll() {
  const model = useStudio((state) => state.model);
  const included = useStudio((state) => state.included);
  const include = useStudio((state) => state.include);
  const all = model?.layers.filter((layer) => layer.compressible).map(({ id }) => id) ?? [];
  return (
    <div className="panel-title">
      <h2 title={TICKED_HINT}>Layers</h2>
      <span id="ticked-hint" className="hidden-text">
        {TICKED_HINT}
      </span>
      <Checkbox
        size="xs"
        iconColor="var(--on-kept)"
        labelPosition="left"
        aria-describedby="ticked-hint"
        title={TICKED_HINT}
        label={`${included.size} of ${all.length} to compress`}
        checked={included.size === all.length && all.length > 0}
        indeterminate={included.size > 0 && included.size < all.length}
        disabled={all.length === 0}
        onChange={(event) => include(all, event.currentTarget.checked)}
      />
    </div>
  );
}
