import { fromGram, type InputStatistics } from './statistics';

/** Statistics of the rows of X [samples, size], summed up in float64. */
export function statisticsOf(x: Float32Array | Float64Array, size: number): InputStatistics {
  const gram = new Float64Array(size * size);
  for (let at = 0; at < x.length; at += size) {
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) gram[i * size + j]! += x[at + i]! * x[at + j]!;
  }
  return fromGram(gram, size, x.length / size);
}
