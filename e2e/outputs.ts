import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface Input {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

/** What onnxruntime-node makes of a model: the first output, as float32. The judge that shares no code with the studio. */
export async function outputs(model: Uint8Array, { name, dims, values }: Input): Promise<Float32Array> {
  const session = await InferenceSession.create(model);
  try {
    const results = await session.run({ [name]: new Tensor('float32', values, dims) });
    return results[session.outputNames[0]].data as Float32Array;
  } finally {
    await session.release();
  }
}

/** ‖a − b‖ / ‖b‖; NaN where either is not finite. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN;
  let [difference, norm] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}
