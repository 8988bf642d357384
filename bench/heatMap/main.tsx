// The studio's columns with a generated model and a generated map of damage, as large as the address asks for:
// ?layers=400&levels=12. No engine takes part, but the page's own worker starts.
import '../../src/noEval';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import '@mantine/core/styles.css';
import '../../src/studio/studio.css';
import type { LayerReport, SensitivityReport } from '../../src/engine/page/light';
import { canvasPen, paletteOf, preparedContext } from '../../src/studio/sensitivity/canvasPen';
import { damageScaleOf } from '../../src/studio/sensitivity/damageScale';
import { BEST, heatMapOf } from '../../src/studio/sensitivity/map';
import { paint } from '../../src/studio/sensitivity/paint';
import { generatedReport } from '../../src/studio/sensitivity/report.fixtures';
import Columns from '../../src/studio/shell/Columns';
import { openedState } from '../../src/studio/state/opened';
import { useStudio } from '../../src/studio/store';
import { applyTheme, theme } from '../../src/studio/theme';

applyTheme();
const asked = new URLSearchParams(location.search);
const count = (name: string, fallback: number) => Number(asked.get(name) ?? fallback);
const report = generatedReport(count('layers', 400), count('levels', 12));
const layers = report.layers.map(
  ({ id, name, op, bytes, parameters }): LayerReport => ({
    ...{ id, name, weight: `${name}.weight`, op, shape: [256, 256], parameters, bytes },
    ...{ dtype: 'float32', compressible: true, consumers: [] },
  }),
);
useStudio.setState({
  ...openedState({
    report: {
      ...{ name: 'generated.onnx', opset: 17, producer: 'bench', layers, others: [], inputs: [], outputs: [] },
      bytes: report.layers.reduce((sum, { bytes }) => sum + bytes, 0),
      parameters: report.layers.reduce((sum, { parameters }) => sum + parameters, 0),
    },
  }),
  sensitivity: report,
  layerFigures: 'damage',
});

createRoot(document.getElementById('root')!).render(
  <MantineProvider theme={theme} withCssVariables={false} withGlobalClasses={false} defaultColorScheme="auto">
    <div className="studio" style={{ gridTemplateRows: 'minmax(0, 1fr)' }}>
      <Columns />
    </div>
  </MantineProvider>,
);

/** Shows another report, as the engine sends them while it measures: the same with every damage scaled. */
function show(factor: number): void {
  const cells = report.cells.map((cell) =>
    cell.damage ? { ...cell, damage: { ...cell.damage, mean: factor * cell.damage.mean } } : cell,
  );
  useStudio.setState({ sensitivity: { ...report, cells } satisfies SensitivityReport });
}

/** Milliseconds of drawing all cells on a canvas, as the map does it: with numbers, or with rows of 3 pixels. */
function redraw(withNumbers: boolean): number {
  const palette = paletteOf('light');
  const [columnWidth, rowHeight] = withNumbers ? [50, 24] : [34, 3];
  const map = heatMapOf(report, BEST);
  const scale = damageScaleOf(report);
  const canvas = document.createElement('canvas');
  const start = performance.now();
  const context = preparedContext(canvas, columnWidth * map.levels.length, rowHeight * map.layers.length, 1);
  paint(canvasPen(context, palette), {
    ...{ map, scale, palette, left: 0, top: 0, columnWidth, rowHeight, first: 0, last: map.layers.length },
    chosen: new Map(),
  });
  // A canvas draws later: reading one pixel waits for it.
  context.getImageData(0, 0, 1, 1);
  return performance.now() - start;
}

declare global {
  var heatMap: { show: typeof show; redraw: typeof redraw; showLine: (line: string) => void };
}
globalThis.heatMap = { show, redraw, showLine: useStudio.getState().showLine };
