import type { Shape } from './shape';
import { dimension, equal, numberOf, ONE, type Size } from './size';

/**
 * The shape of what two operands of these shapes make entry by entry, as in numpy; `result` names what is not known.
 */
export function broadcastShape(a: Shape, b: Shape, result: string): Shape {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Shape, axis: number): Size => shape[axis - rank + shape.length] ?? ONE;
  return Array.from({ length: rank }, (_, axis) => together(at(a, axis), at(b, axis), `${result}.${axis}`));
}

function together(a: Size, b: Size, name: string): Size {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (equal(a, b) || y === 1) return a;
  if (x === 1) return b;
  // A size above 1 meets its like or a 1. Two symbols may each be the 1 of the other.
  if (x !== undefined && x > 1) return a;
  if (y !== undefined && y > 1) return b;
  return dimension(name);
}

/** The shape of a MatMul of operands with at least two axes each; undefined for others. */
export function matrixProduct(a: Shape, b: Shape, result: string): Shape | undefined {
  if (a.length < 2 || b.length < 2) return undefined;
  return [...broadcastShape(a.slice(0, -2), b.slice(0, -2), result), a.at(-2)!, b.at(-1)!];
}
