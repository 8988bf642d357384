import { type Chain, type Link, lengthsOf, piecesOf } from '../../backend/weights';
import { type Binding, type Dispatch, dispatch, fromOffset } from '../dispatcher';
import { anyKernel, type Kernel } from '../kernel';
import { cuts, type Pace } from '../pace';
import { copyColumns } from './copyColumns';
import { copyColumnsKernel, turnPiecesKernel } from './kernels';
import type { Operand, PreparedForm, Scratch } from './product';

/** The most elements between two links, 16 MiB. More tokens are multiplied in turns. */
const BETWEEN = 2 ** 22;
/** A binding may begin at multiples of this many elements. */
const ALIGNED = 64;

/**
 * Products one after the other, each in its own form.
 *
 * A single kernel was tried that keeps the numbers between two factors in workgroup memory, with a workgroup for 8
 * tokens and all outputs. On SwiftShader it was nowhere faster beyond noise: at n = 1024 and rank 128 it took 0.85 ms
 * against 0.75 for one token, 7.1 against 7.3 for 16, and 153 against 92 for 256 (medians of 9). Two workgroups that
 * share the outputs compute the first product twice: 1.2, 9.2 and 215 ms. With few tokens there are too few workgroups
 * to fill an adapter; with many tokens both factors are read once for each 8 of them.
 */
export function chainOf(chain: Chain<PreparedForm>): PreparedForm {
  const { rows, columns, padded, links } = chain;
  const lengths = lengthsOf(chain);
  if (lengths.some((length) => !Number.isInteger(length)) || columns > padded || rows > lengths.at(-1)!) {
    throw new RangeError(`The links of a [${rows}, ${columns}] weight do not fit each other.`);
  }
  const made = lengths.at(-1)!;
  const largest = Math.max(...lengths.slice(1, -1), padded > columns ? padded : 1, made > rows ? made : 1);
  // Each turn must begin where x and y can be bound.
  const unit = leastCommon(ALIGNED / commonDivisor(ALIGNED, columns), ALIGNED / commonDivisor(ALIGNED, rows));
  const atOnce = Math.max(unit, Math.floor(BETWEEN / largest / unit) * unit);
  return {
    rows,
    columns,
    bytes: links.reduce((sum, { weight }) => sum + weight.bytes, 0),
    kernels: [...(padded > columns || made > rows ? [anyKernel(copyColumnsKernel)] : []), ...links.flatMap(kernelsOf)],
    *steps(operand, scratch, pace) {
      const { x, y, tokens, accumulate } = operand;
      // All turns use the same scratch buffers.
      const held = reused(scratch);
      for (let first = 0; first < tokens; first += atOnce) {
        const turn = {
          x: first > 0 ? fromOffset(x, 4 * first * columns) : x,
          y: first > 0 ? fromOffset(y, 4 * first * rows) : y,
          tokens: Math.min(atOnce, tokens - first),
          accumulate,
        };
        yield* allLinks(chain, lengths, turn, held(), pace);
      }
    },
    free: () => links.forEach(({ weight }) => void weight.free()),
  };
}

function kernelsOf({ weight, behind }: Link<PreparedForm>): readonly Kernel[] {
  if (behind === 1) return weight.kernels;
  return weight.pieces?.kernels ?? [...weight.kernels, anyKernel(turnPiecesKernel)];
}

function* allLinks(
  { rows, columns, padded, links }: Chain<PreparedForm>,
  lengths: readonly number[],
  { x: given, y, tokens, accumulate }: Operand,
  scratch: Scratch,
  pace: Pace,
): Generator<Dispatch> {
  let x = given;
  if (padded > columns) {
    const wide = scratch(tokens * padded);
    yield* copyColumns(x, wide, tokens, { columns, written: padded, stride: padded, firstColumn: 0, accumulate: 0 });
    x = wide;
  }
  const made = lengths.at(-1)!;
  for (const [k, link] of links.entries()) {
    const last = k === links.length - 1 && made === rows;
    const to = last ? y : scratch(tokens * lengths[k + 1]!);
    const operand = { x, y: to, tokens: tokens * piecesOf(link, lengths[k]!), accumulate: last && accumulate };
    yield* oneLink(link, operand, scratch, pace);
    x = to;
  }
  if (made === rows) return;
  const place = { columns: made, written: rows, stride: rows, firstColumn: 0, accumulate: Number(accumulate) };
  yield* copyColumns(x, y, tokens, place);
}

function* oneLink(
  { weight, behind }: Link<PreparedForm>,
  operand: Operand,
  scratch: Scratch,
  pace: Pace,
): Generator<Dispatch> {
  if (behind === 1) return yield* weight.steps(operand, scratch, pace);
  if (weight.pieces) return yield* weight.pieces.steps({ ...operand, behind }, pace);
  const { rows, columns } = weight;
  const { x, y, tokens: pieces, accumulate } = operand;
  const [turned, product] = [scratch(pieces * columns * behind), scratch(pieces * rows * behind)];
  yield* turn(x, turned, pieces, columns, behind, false, pace);
  yield* weight.steps({ x: turned, y: product, tokens: pieces * behind, accumulate: false }, scratch, pace);
  yield* turn(product, y, pieces, behind, rows, accumulate, pace);
}

/** [pieces, rows, columns] → [pieces, columns, rows] */
function* turn(
  x: Binding,
  turned: Binding,
  pieces: number,
  rows: number,
  columns: number,
  accumulate: boolean,
  pace: Pace,
): Generator<Dispatch> {
  for (const [firstPiece, count] of cuts(pieces, rows * columns, pace)) {
    const uniforms = { rows, columns, firstPiece, pieces: count, accumulate: Number(accumulate) };
    yield dispatch(turnPiecesKernel, uniforms, [x, turned], count * rows * columns);
  }
}

/** Scratch buffers that are allocated in the first turn, and used again in the same order in later turns. */
function reused(scratch: Scratch): () => Scratch {
  const held: GPUBuffer[] = [];
  return () => {
    let at = 0;
    return (length) => {
      if (!held[at] || held[at].size < 4 * length) held[at] = scratch(length);
      return held[at++]!;
    };
  };
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));
const leastCommon = (a: number, b: number): number => (a / commonDivisor(a, b)) * b;
