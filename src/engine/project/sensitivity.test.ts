import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { storeFolder } from '../../cli/storeFolder';
import { nodeRuntime } from '../../runtime/node';
import { seeded } from '../core/random';
import { writeNpz } from '../formats/npz/npz';
import { gaussian } from '../model/fixtures';
import type { SensitivityReport, SensitivityRequest } from '../sensitivity/report';
import { mortal } from '../store/mortal.fixtures';
import { Store } from '../store/store';
import { chainBytes, WIDTHS } from './chain.fixtures';
import { KeptProject } from './keptProject';

const folder = mkdtempSync(join(tmpdir(), 'carrara-sensitivity-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MODEL = new File([chainBytes()], 'chain.onnx');
const DATA = new File(
  [writeNpz([['x', { type: 'float32', dims: [64, WIDTHS[0]!], data: gaussian(seeded(2), [64, WIDTHS[0]!]) }]])],
  'samples.npz',
);
const LAYERS = WIDTHS.length - 1;

let count = 0;
const job = (signal?: AbortSignal) => ({ id: `job-${++count}`, ...(signal && { signal }) });

async function opened(store = new Store(storeFolder(join(folder, String(++count))))): Promise<KeptProject> {
  const project = new KeptProject(nodeRuntime(), store, { gpu: async () => undefined });
  await project.start('cpu');
  await project.open([MODEL], job());
  await project.openData(DATA, job());
  return project;
}

const REQUEST: SensitivityRequest = { lines: ['svd', 'quantize'], levels: [0.5, 0.25] };

describe('sensitivity of the layers of a chain', () => {
  it('is estimated first, then measured, with standard errors', async () => {
    const project = await opened();
    const told: SensitivityReport[] = [];
    const report = await project.sensitivity(REQUEST, (one) => told.push(one), job());
    expect(told[0]!.measured).toBe(0);
    expect(report).toMatchObject({ open: 0, data: 'samples.npz', generated: false, levels: [0.5, 0.25] });
    expect(report.layers.map(({ name }) => name)).toEqual(Array.from({ length: LAYERS }, (_, i) => `fc${i}`));
    expect(report.cells).toHaveLength(LAYERS * 2 * 2);
    expect(report.metric).toBeUndefined();
    for (const { layer, level, bytes, damage, skipped } of report.cells) {
      if (skipped !== undefined) continue;
      expect(bytes).toBeLessThanOrEqual(level * report.layers.find(({ id }) => id === layer)!.bytes);
      expect(damage!.mean).toBeGreaterThan(0);
      expect(damage!.standardError).toBeGreaterThan(0);
    }
    // Half of the rank that a quarter leaves out as well.
    const svd = (level: number) =>
      new Map(
        report.cells.flatMap((cell) => (cell.line === 'svd' && cell.level === level ? [[cell.layer, cell]] : [])),
      );
    const pairs = [...svd(0.25).values()].flatMap(({ layer, damage }) => {
      const half = svd(0.5).get(layer)?.damage;
      return damage && half ? [[damage.mean, half.mean] as const] : [];
    });
    expect(pairs.length).toBeGreaterThan(0);
    // Of a single random matrix a quarter may by chance lose no more than a half.
    const sum = (at: 0 | 1) => pairs.reduce((total, pair) => total + pair[at], 0);
    expect(sum(0)).toBeGreaterThan(sum(1));
    await project.close();
  });

  it('is what a run with this layer alone loses', async () => {
    const project = await opened();
    // Data for calibration of its own: both are measured on all samples of the other file.
    await project.openData(new File([await DATA.arrayBuffer()], 'calibration.npz'), job(), 'calibration');
    const report = await project.sensitivity({ lines: ['quantize'], levels: [0.5] }, () => {}, job());
    const cell = report.cells.find(({ damage, layer }) => damage && layer === report.layers[2]!.id)!;
    const steps = cell.steps!.map((step) => ({ layers: report.layers[2]!.name, ...step }));
    const run = await project.compress({ version: 1, steps }, job());
    const { fidelity } = await project.evaluate(run.run, 'cpu', job());
    // Every sample counts once in both; the order of batches and of sums differs.
    const other = fidelity[report.measure]!;
    expect(Math.abs(cell.damage!.mean - other) / other).toBeLessThan(1e-3);
    await project.close();
  });

  it('goes on where it was stopped, measures nothing twice, and adds other lines', async () => {
    const project = await opened();
    const stop = new AbortController();
    const half = (report: SensitivityReport) => report.measured > 0 && stop.abort();
    const stopped = project.sensitivity({ ...REQUEST, levels: [0.7, 0.5, 0.4, 0.3, 0.25] }, half, job(stop.signal));
    await expect(stopped).rejects.toThrow();
    const before = (await project.knownSensitivity())!;
    expect(before.report.measured).toBeGreaterThan(0);
    const known = before.report.cells.filter(({ damage }) => damage);
    const report = await project.sensitivity(before.request, () => {}, job());
    expect(report.open).toBe(0);
    for (const cell of known) expect(report.cells).toContain(cell);
    await project.sensitivity({ ...REQUEST, lines: ['half'] }, () => {}, job());
    const again = await project.sensitivity(before.request, () => {}, job());
    for (const cell of report.cells) expect(again.cells).toContain(cell);
    await project.close();
  });

  it('is measured again where the same samples have other labels', async () => {
    const project = await opened();
    const labelled = (labels: (sample: number) => number) => {
      const data = gaussian(seeded(2), [64, WIDTHS[0]!]);
      const ids = Int32Array.from({ length: 64 }, (_, sample) => labels(sample));
      const x = ['x', { type: 'float32', dims: [64, WIDTHS[0]!], data }] as const;
      return new File([writeNpz([x, ['labels', { type: 'int32', dims: [64], data: ids }]])], 'labelled.npz');
    };
    const lossWith = async (file: File) => {
      await project.openData(file, job());
      const { cells, metric } = await project.sensitivity(REQUEST, () => {}, job());
      expect(metric).toBe('top1');
      return cells.map(({ loss }) => loss);
    };
    await project.sensitivity(REQUEST, () => {}, job());
    const first = await lossWith(labelled(() => 0));
    expect(first.some((loss) => loss !== undefined)).toBe(true);
    expect(await lossWith(labelled((sample) => sample % 3))).not.toEqual(first);
    await project.close();
  });

  it('is there again after the project is opened again', async () => {
    const path = join(folder, 'kept');
    const life = mortal(storeFolder(path));
    const first = await opened(new Store(life.backing));
    const report = await first.sensitivity(REQUEST, () => {}, job());
    await first.kept();
    const { project: id } = await first.keeping();
    await first.close();
    await life.die();
    const second = new KeptProject(nodeRuntime(), new Store(storeFolder(path)), { gpu: async () => undefined });
    await second.start('cpu');
    await second.openProject(id!, job());
    expect(await second.knownSensitivity()).toMatchObject({ request: REQUEST, report });
    const told: SensitivityReport[] = [];
    expect((await second.sensitivity(REQUEST, (one) => told.push(one), job())).cells).toEqual(report.cells);
    // All cells were known: there was nothing to estimate or to measure.
    expect(told).toHaveLength(1);
    await second.close();
  });
});
