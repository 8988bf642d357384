import { SegmentedControl, Select, useComputedColorScheme } from '@mantine/core';
import { useDeferredValue, useMemo, useState } from 'react';
import { metricNamed, type SensitivityCell, type SensitivityReport } from '../../engine/page/light';
import { useStudio } from '../store';
import { CellTable } from './CellTable';
import { paletteOf } from './canvasPen';
import { type Choice, chosenCells } from './choose';
import { damageScaleOf } from './damageScale';
import { lineTitle, measureTitle } from './describe';
import { ExportMap } from './ExportMap';
import { HeatMap } from './HeatMap';
import { LayerDetail } from './LayerDetail';
import { Legend } from './Legend';
import { Measuring } from './Measuring';
import { BEST, type HeatMap as Cells, heatMapOf } from './map';
import './sensitivity.css';
import { Threshold } from './Threshold';
import { useCursor } from './useCursor';
import type { Picked } from './usePicking';

/** Heights of a row: to be read, and so small that a deep model is seen whole. */
const ROW = 24;
const WHOLE = 420;
const LEAST_ROW = 3;

/** What the answer of the model loses when one layer is compressed: for every layer, by method and level. */
export default function SensitivityPanel() {
  // Reports come while the pointer draws: the pointer comes first.
  const report = useDeferredValue(useStudio((state) => state.sensitivity));
  return (
    <div className="sensitivity">
      <Measuring report={report} />
      {report && report.layers.length > 0 && report.levels.length > 0 ? (
        <Found report={report} />
      ) : (
        <p className="sensitivity-none">
          Which layers hurt most? Every layer is compressed alone, by each method and at several levels, and the answer
          of the model is compared with the original's. Choose cells of the map, and they become the recipe.
        </p>
      )}
    </div>
  );
}

type View = 'map' | 'whole' | 'table';

function Found({ report }: { report: SensitivityReport }) {
  const line = useStudio((state) => state.mapLine);
  const showLine = useStudio((state) => state.showLine);
  const chooseCells = useStudio((state) => state.chooseCells);
  const scheme = useComputedColorScheme('light');
  const [view, setView] = useState<View>('map');
  const known = report.lines.some(({ key }) => key === line) ? line : BEST;
  const map = useMemo(() => heatMapOf(report, known), [report, known]);
  const scale = useMemo(() => damageScaleOf(report), [report]);
  const [cursor, setCursor] = useCursor(map);
  const taken = useTaken(report);
  const chosen = useMemo(() => columnsOf(map, taken), [map, taken]);
  const choose = (choice: Choice, what?: string) => chooseCells(choice, what);
  const pick = (picked: Picked) => choose(cellsOf(map, picked));
  const small = Math.max(LEAST_ROW, Math.floor(WHOLE / report.layers.length));
  const views = [
    { value: 'map', label: 'Map' },
    ...(small < ROW ? [{ value: 'whole', label: 'Whole' }] : []),
    { value: 'table', label: 'Table' },
  ];
  const props = { map, chosen, cursor, onCursor: setCursor, onPick: pick };
  return (
    <>
      <div className="sensitivity-tools">
        <Select
          className="sensitivity-line"
          size="xs"
          aria-label="Method shown"
          allowDeselect={false}
          value={known}
          onChange={(value) => showLine(value ?? BEST)}
          data={[BEST, ...report.lines.map(({ key }) => key)].map((key) => ({
            value: key,
            label: lineTitle(report, key),
          }))}
          comboboxProps={{ withinPortal: false }}
        />
        <SegmentedControl
          size="xs"
          aria-label="Shown as"
          value={view}
          onChange={(value) => setView(value as View)}
          data={views}
        />
        <ExportMap report={report} drawn={() => ({ map, scale, chosen, palette: paletteOf(scheme) })} />
      </div>
      <Legend scale={scale} title={measureTitle(report)} unit={metricNamed(report.measure)?.unit} />
      {view === 'table' ? (
        <CellTable {...props} />
      ) : (
        <HeatMap {...props} scale={scale} rowHeight={view === 'whole' ? small : ROW} />
      )}
      <Threshold report={report} line={known} scale={scale} onChoose={(choice) => choose(choice, 'damage below')} />
      <LayerDetail {...props} taken={taken} scale={scale} onLine={showLine} />
    </>
  );
}

/** The cells that the recipe takes, by layer id. */
function useTaken(report: SensitivityReport): ReadonlyMap<string, SensitivityCell> {
  const stacks = useStudio((state) => state.stacks);
  const included = useStudio((state) => state.included);
  return useMemo(() => chosenCells(report, { stacks, included }), [report, stacks, included]);
}

/** Their columns by row. A cell of another line than the one shown is marked at its level too. */
function columnsOf(
  { layers, levels }: Cells,
  taken: ReadonlyMap<string, SensitivityCell>,
): ReadonlyMap<number, number> {
  return new Map(
    layers.flatMap(({ id }, row) => {
      const cell = taken.get(id);
      return cell ? [[row, levels.indexOf(cell.level)] as const] : [];
    }),
  );
}

/** The cells of the report that stand in these places of the map; places without steps are left out. */
function cellsOf({ layers, rows }: Cells, picked: Picked): Choice {
  return new Map(
    [...picked].flatMap(([row, column]) => {
      const cell = column === null ? null : rows[row]?.[column]?.cell;
      return cell === null || cell?.steps ? [[layers[row]!.id, cell] as const] : [];
    }),
  );
}
