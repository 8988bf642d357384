import { rowsOfBlocks } from '../backend/blocks';
import { codeAt, decodeQuantized } from '../backend/codes';
import { hashed, signOf } from '../backend/hash';
import {
  type Chain,
  type GroupArrays,
  type Link,
  lengthsOf,
  type PreparedWeight,
  type SparseArrays,
  type WeightMaker,
} from '../backend/weights';
import type { Pacer } from '../core/progress';
import { halvesToFloats } from '../model/tensors';
import { rowProduct, sparseProduct, turned } from './loops';
import type { Products } from './products';

/** A weight in host memory, in its form. */
export interface CpuWeight extends PreparedWeight {
  /** x·Wᵀ, x [tokens, columns]. `pacer` lets other work run in between, and throws after an abort. */
  multiply(x: Float32Array, tokens: number, pacer: Pacer): Promise<Float32Array<ArrayBuffer>>;
}

/**
 * Prepares weights for the CPU. onnxruntime multiplies by dense weights, and so by all factors. Loops multiply by
 * sparse weights and codes. float16 is widened to float32, as onnxruntime's own kernels do. N:M and blocks become
 * compressed rows.
 */
export const cpuWeights = (products: Products): WeightMaker<CpuWeight> => ({
  async dense({ rows, columns, values }) {
    const held = values instanceof Uint16Array ? halvesToFloats(values) : values;
    const session = await products.weight(held, rows, columns);
    return {
      rows,
      columns,
      bytes: 4 * rows * columns,
      async multiply(x, tokens, pacer) {
        await pacer.breathe();
        const { y } = await session.run({ x: { type: 'float32', dims: [tokens, columns], data: x } });
        return y!.data as Float32Array<ArrayBuffer>;
      },
      free: () => void session.release().catch(() => undefined),
    };
  },
  quantized(weight) {
    const { rows, columns, bits, blockSize, codes, scales, zeroPoints } = weight;
    const blocks = Math.ceil(columns / blockSize);
    const [rowBytes, zeroBytes] = [(blocks * blockSize * bits) / 8, Math.ceil((blocks * bits) / 8)];
    const one = (row: number) => ({
      ...weight,
      rows: 1,
      codes: codes.subarray(row * rowBytes, (row + 1) * rowBytes),
      scales: scales.subarray(row * blocks, (row + 1) * blocks),
      zeroPoints: zeroPoints?.subarray(row * zeroBytes, (row + 1) * zeroBytes),
    });
    const bytes = codes.byteLength + scales.byteLength + (zeroPoints?.byteLength ?? 0);
    return byRows(rows, columns, bytes, (row, weights) => void decodeQuantized(one(row), weights));
  },
  codebook({ rows, columns, bits, codes, table }) {
    return byRows(rows, columns, codes.byteLength + table.byteLength, (row, weights) => {
      for (let j = 0; j < columns; j++) weights[j] = table[codeAt(codes, 0, row * columns + j, bits)]!;
    });
  },
  hashed({ rows, columns, slots, run, hash }) {
    const columnSigns = Int8Array.from({ length: columns }, (_, column) => signOf(hash, column));
    return byRows(rows, columns, slots.byteLength, (row, weights) => {
      const rowSign = signOf(hash, columns + row);
      for (let j = 0, i = row * columns; j < columns; ) {
        // One hash for all weights of a run.
        const [within, end] = [i % run, Math.min(columns, j + run - (i % run))];
        let slot = ((hashed(hash, Math.floor(i / run)) % slots.length) + within) % slots.length;
        for (; j < end; j++, i++) {
          weights[j] = rowSign * columnSigns[j]! * slots[slot]!;
          slot = slot + 1 === slots.length ? 0 : slot + 1;
        }
      }
    });
  },
  sparse,
  groups: (weight) => sparse(rowsOfGroups(weight)),
  blocks: (weight) => sparse(rowsOfBlocks(weight)),
  chain,
  sum(parts) {
    const [{ rows, columns }] = parts as [CpuWeight];
    return {
      ...sizesOf(parts),
      rows,
      columns,
      async multiply(x, tokens, pacer) {
        const y = await parts[0]!.multiply(x, tokens, pacer);
        for (const part of parts.slice(1)) add(y, await part.multiply(x, tokens, pacer));
        return y;
      },
    };
  },
  scaled(inner, scales) {
    const { rows, columns } = inner;
    return {
      ...sizesOf([inner], scales.byteLength),
      rows,
      columns,
      multiply: (x, tokens, pacer) =>
        inner.multiply(
          x.map((value, at) => value * scales[at % columns]!),
          tokens,
          pacer,
        ),
    };
  },
  columnParts(parts) {
    const { rows } = parts[0]!.weight;
    const columns = parts.reduce((sum, part) => sum + part.columns.length, 0);
    return {
      ...sizesOf(
        parts.map(({ weight }) => weight),
        4 * columns,
      ),
      rows,
      columns,
      async multiply(x, tokens, pacer) {
        const y = new Float32Array(tokens * rows);
        for (const { weight, columns: own } of parts) {
          const width = own.length;
          const picked = new Float32Array(tokens * width);
          for (let token = 0; token < tokens; token++) {
            for (let i = 0; i < width; i++) picked[token * width + i] = x[token * columns + own[i]!]!;
          }
          add(y, await weight.multiply(picked, tokens, pacer));
        }
        return y;
      },
    };
  },
});

const sizesOf = (parts: readonly CpuWeight[], more = 0): Pick<CpuWeight, 'bytes' | 'free'> => ({
  bytes: parts.reduce((sum, { bytes }) => sum + bytes, more),
  free: () => parts.forEach((part) => void part.free()),
});

const byRows = (
  rows: number,
  columns: number,
  bytes: number,
  writeRow: (row: number, weights: Float32Array<ArrayBuffer>) => void,
): CpuWeight => ({
  rows,
  columns,
  bytes,
  multiply: (x, tokens, pacer) => rowProduct({ rows, columns }, writeRow, x, tokens, pacer),
  free: () => undefined,
});

function sparse(weight: SparseArrays): CpuWeight {
  const { rows, columns, starts, columnOf, values } = weight;
  const bytes = starts.byteLength + columnOf.byteLength + values.byteLength;
  const multiply: CpuWeight['multiply'] = (x, tokens, pacer) => sparseProduct(weight, x, tokens, pacer);
  return { rows, columns, bytes, multiply, free: () => undefined };
}

function rowsOfGroups({ rows, columns, n, m, values, places }: GroupArrays): SparseArrays {
  const groups = Math.ceil(columns / m);
  const starts = Uint32Array.from({ length: rows + 1 }, (_, row) => row * groups * n);
  // A place beyond the last column has the value 0, so any column will do.
  const columnOf = Uint32Array.from(places, (place, e) =>
    Math.min(columns - 1, (Math.floor(e / n) % groups) * m + place),
  );
  return { rows, columns, starts, columnOf, values };
}

function chain(chain: Chain<CpuWeight>): CpuWeight {
  const { rows, columns, padded, links } = chain;
  const lengths = lengthsOf(chain);
  const made = lengths.at(-1)!;
  return {
    ...sizesOf(links.map(({ weight }) => weight)),
    rows,
    columns,
    async multiply(x, tokens, pacer) {
      const [first, ...others] = links as [Link<CpuWeight>, ...Link<CpuWeight>[]];
      const wide = columns === padded ? x : resized(x, tokens, columns, padded);
      let value = await throughLink(first, wide, tokens * lengths[0]!, pacer);
      for (const [k, link] of others.entries()) value = await throughLink(link, value, tokens * lengths[k + 1]!, pacer);
      return made === rows ? value : resized(value, tokens, made, rows);
    },
  };
}

async function throughLink({ weight, behind }: Link<CpuWeight>, x: Float32Array, length: number, pacer: Pacer) {
  const pieces = length / (weight.columns * behind);
  if (behind === 1) return weight.multiply(x, pieces, pacer);
  const y = await weight.multiply(turned(x, pieces, weight.columns, behind), pieces * behind, pacer);
  return turned(y, pieces, behind, weight.rows);
}

/** Rows of another width: cut, or with zeros after the last number. */
function resized(x: Float32Array, tokens: number, from: number, to: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(tokens * to);
  for (let token = 0; token < tokens; token++) {
    result.set(x.subarray(token * from, token * from + Math.min(from, to)), token * to);
  }
  return result;
}

function add(y: Float32Array, other: Float32Array): void {
  for (let i = 0; i < y.length; i++) y[i]! += other[i]!;
}
