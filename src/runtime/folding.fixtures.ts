import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memorySource } from '../engine/core/bytes';
import { type Model, readModel, tensorsOf } from '../engine/model/model';
import { bytesOf } from '../engine/model/tensors';
import { sessionModelOf } from '../engine/model/write';

export interface Optimised {
  /** Nodes that onnxruntime left although all their inputs are constants. */
  readonly constantNodes: readonly string[];
  /** Bytes of the largest tensor that the optimised model holds. */
  readonly largestConstant: number;
  readonly ops: readonly string[];
}

/** The model as onnxruntime runs it: after its optimisations that don't depend on the machine, folding among them. */
export async function optimised(model: Model): Promise<Optimised> {
  const ort = await import('onnxruntime-node');
  const folder = mkdtempSync(join(tmpdir(), 'carrara-'));
  const path = join(folder, 'optimised.onnx');
  try {
    const { bytes } = await sessionModelOf(model, false);
    const session = await ort.InferenceSession.create(bytes, {
      optimizedModelFilePath: path,
      graphOptimizationLevel: 'extended',
      logSeverityLevel: 4,
    });
    await session.release();
    const read = await readModel(memorySource(new Uint8Array(readFileSync(path)), 'optimised.onnx'));
    const constants = new Set(read.graph.initializer.map(({ name }) => name));
    const left = read.graph.node.filter(({ input }) => input.every((name) => name === '' || constants.has(name)));
    return {
      constantNodes: left.map(({ opType }) => opType),
      largestConstant: Math.max(0, ...[...tensorsOf(read.proto)].map(bytesOf)),
      ops: read.graph.node.map(({ opType }) => opType),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
