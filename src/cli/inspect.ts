import { OUTLIER } from '../engine/calibration/outliers';
import type { ModelReport } from '../engine/model/report';
import type { Outliers } from '../engine/project/outliers';
import { Project } from '../engine/project/project';
import { dataFile, modelSource } from './readFiles';
import { openingWatch, watchedRuntime } from './supervised';
import { bytes, percent, progressBar, table } from './terminal';

/** `carrara inspect MODEL.onnx` */
export async function inspectCommand(
  path: string,
  {
    json,
    calibration,
    openLimit,
  }: { readonly json?: boolean; readonly calibration?: string; readonly openLimit?: string },
  signal: AbortSignal,
): Promise<void> {
  const watch = openingWatch(openLimit);
  const project = new Project(watchedRuntime(watch));
  const bar = progressBar();
  const job = { id: 'inspect', signal, onProgress: bar.show };
  const report = await watch.during(`Opening ${path}`, () => project.open(modelSource(path), job));
  let inputs: ReadonlyMap<string, Outliers> | undefined;
  if (calibration !== undefined) {
    await watch.during(`Opening ${calibration}`, () => project.openData(dataFile(calibration), job, 'calibration'));
    inputs = await project.outliers(job).finally(bar.clear);
  }
  if (json) {
    const layers = report.layers.map(({ name, op, shape, parameters, bytes, compressible, reason, ...rest }) => {
      const input = inputs?.get(rest.id);
      return {
        name,
        op,
        shape,
        parameters,
        bytes,
        compressible,
        ...(reason !== undefined && { reason }),
        weight: rest.weight,
        dtype: rest.dtype,
        consumers: rest.consumers,
        ...(input !== undefined && { input: typeof input === 'string' ? { reason: input } : input }),
      };
    });
    const { parameters, bytes, opset, others, inputs: takes, outputs } = report;
    console.log(JSON.stringify({ parameters, bytes, opset, inputs: takes, outputs, layers, others }, null, 2));
    return;
  }
  const rows = report.layers.map((layer) => [
    layer.name,
    layer.op,
    layer.shape.join(' × '),
    layer.parameters.toLocaleString('en'),
    percent(layer.parameters / report.parameters),
    ...(inputs ? cellsOf(inputs.get(layer.id)) : []),
    layer.reason ?? 'compressible',
  ]);
  console.log(
    `${report.name}: ${report.parameters.toLocaleString('en')} parameters, ${bytes(report.bytes)}, opset ${report.opset}\n` +
      `inputs: ${valuesOf(report.inputs)}\noutputs: ${valuesOf(report.outputs)}\n`,
  );
  const more = inputs ? ['largest |x|', '÷ median', `channels over ${OUTLIER}`] : [];
  console.log(table(['layer', 'operator', 'shape', 'parameters', 'share', ...more, ''], rows, ['operator', '']));
  const others = othersOf(report);
  if (others !== undefined) console.log(`\n${others}`);
  if (!inputs) return;
  const lists = report.layers.flatMap(({ id, name }) => listOf(name, inputs.get(id)));
  if (lists.length > 0) console.log(`\n${lists.join('\n')}`);
}

/** Names, types and sizes, as data files and `--shape` need them. */
const valuesOf = (values: ModelReport['inputs']): string =>
  values.map(({ name, type, shape }) => `${name} ${type} [${shape.join(', ')}]`).join(', ') || 'none';

/** What is in no layer, so that the shares add up to the whole; undefined: nothing is. */
function othersOf({ others, parameters }: ModelReport): string | undefined {
  const count = others.reduce((sum, other) => sum + other.parameters, 0);
  if (count === 0) return undefined;
  const rows = others.map((other) => [
    other.reason,
    other.tensors.toLocaleString('en'),
    other.parameters.toLocaleString('en'),
    percent(other.parameters / parameters),
  ]);
  const head = `In no layer: ${count.toLocaleString('en')} parameters (${percent(count / parameters)})`;
  return `${head}\n\n${table(['why', 'tensors', 'parameters', 'share'], rows, ['why'])}`;
}

function cellsOf(found: Outliers | undefined): string[] {
  if (found === undefined || typeof found === 'string') return ['–', '–', '–'];
  const { largest, ratio, channels } = found;
  return [largest.toPrecision(3), ratio?.toFixed(1) ?? '–', String(channels.length)];
}

/** A line with the outlier channels of a layer, the largest first, or one that says why nothing is known of them. */
function listOf(name: string, found: Outliers | undefined): string[] {
  if (typeof found === 'string') return [`${name}: ${found}`];
  if (!found || found.channels.length === 0) return [];
  const falling = [...found.channels].sort((a, b) => b.largest - a.largest);
  const shown = falling.slice(0, 8).map(({ channel, largest }) => `${channel} (${largest.toPrecision(3)})`);
  const rest = falling.length > shown.length ? ` and ${falling.length - shown.length} more` : '';
  return [`${name}: channels ${shown.join(', ')}${rest}`];
}
