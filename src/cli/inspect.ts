import { inspect } from '../engine/model/inspect';
import { openModel } from './files';
import { bytes, percent, table } from './terminal';

/** `carrara inspect MODEL.onnx` */
export async function inspectCommand(path: string, { json }: { json?: boolean }): Promise<void> {
  const report = inspect(await openModel(path));
  if (json) {
    const layers = report.layers.map(({ name, op, shape, parameters, bytes, compressible, reason, ...rest }) => ({
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
    }));
    console.log(
      JSON.stringify({ parameters: report.parameters, bytes: report.bytes, opset: report.opset, layers }, null, 2),
    );
    return;
  }
  const rows = report.layers.map((layer) => [
    layer.name,
    layer.op,
    layer.shape.join(' × '),
    layer.parameters.toLocaleString('en'),
    percent(layer.parameters / report.parameters),
    layer.reason ?? 'compressible',
  ]);
  console.log(
    `${report.name}: ${report.parameters.toLocaleString('en')} parameters, ${bytes(report.bytes)}, opset ${report.opset}\n`,
  );
  console.log(table(['layer', 'operator', 'shape', 'parameters', 'share', ''], rows));
}
