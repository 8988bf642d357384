import type { NodeProto } from 'onnx-buf';
import { DataType } from '../onnx/build';
import { resolve, type Scope } from '../scopes';
import { dimsOf, inlineNumbers } from '../tensors';
import { shapesMade } from './operators';
import { type KnownShapes, MOST_VALUES, type Shape } from './shape';
import { dimension, known, type Size } from './size';
import { valuesMade } from './values';

/** What shapes, axes and indices are stored as. */
const WHOLE: ReadonlySet<number> = new Set([DataType.INT64, DataType.INT32]);

/** What exporters write for a size that they know nothing of: two of them have nothing to do with each other. */
const NAMELESS: ReadonlySet<string> = new Set(['', '?']);

/**
 * Shapes of a main graph's values, proved from the operators, the stored tensors and what the inputs declare.
 * value_info plays no part: tools leave behind what no longer holds. Of an operator that is not known here nothing is
 * said.
 *
 * What a declared symbol stands for is taken to be the same wherever it is declared.
 */
export class InferredShapes implements KnownShapes {
  readonly #shapes = new Map<string, Shape>();
  readonly #values = new Map<string, readonly Size[]>();

  constructor(
    private readonly scope: Scope,
    readonly opset: number,
  ) {
    for (const { name, type } of scope.graph.input) {
      const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
      if (!shape) continue;
      const declared = shape.dim.map(({ value }, axis) =>
        value.case === 'dimValue' && value.value > 0n
          ? known(Number(value.value))
          : dimension(value.case === 'dimParam' && !NAMELESS.has(value.value) ? value.value : `${name}.${axis}`),
      );
      this.#shapes.set(name, declared);
    }
    // ONNX lists nodes after those that they read.
    for (const node of scope.graph.node) this.#visit(node);
  }

  /** undefined: not known. */
  of(name: string): Shape | undefined {
    const stored = this.#stored(name);
    return stored ? dimsOf(stored).map(known) : this.#shapes.get(name);
  }

  /** The whole numbers of a small tensor, row by row; undefined: not known how many there are. */
  valuesOf(name: string): readonly Size[] | undefined {
    return this.numbers(name)?.map(known) ?? this.#values.get(name);
  }

  /** Whole numbers that a stored tensor holds. */
  numbers(name: string): number[] | undefined {
    const tensor = this.#stored(name);
    return tensor && WHOLE.has(tensor.dataType) ? inlineNumbers(tensor) : undefined;
  }

  /** Fractions that a small stored tensor holds. */
  floats(name: string): number[] | undefined {
    const tensor = this.#stored(name);
    return tensor?.dataType === DataType.FLOAT ? inlineNumbers(tensor) : undefined;
  }

  /** The number of axes. */
  rank(name: string): number | undefined {
    return this.of(name)?.length;
  }

  #stored(name: string) {
    const found = name === '' ? undefined : resolve(name, this.scope);
    // Turned or cast constants are what their nodes make of them; a default may be replaced by any other value.
    return found && !found.transposed && found.castTo === undefined && !found.overridable ? found.tensor : undefined;
  }

  #visit(node: NodeProto): void {
    const shapes = shapesMade(this, node);
    node.output.forEach((name, i) => {
      const shape = name === '' ? undefined : shapes[i];
      // Of axes that do not exist nothing is known.
      if (shape?.every((size) => size !== undefined)) this.#shapes.set(name, shape);
    });
    const [result] = node.output;
    const values = result ? valuesMade(this, node) : undefined;
    if (values && values.length <= MOST_VALUES) {
      this.#values.set(result!, values);
      // What is known entry by entry is a list, unless it is a single number, which may have no axis.
      if (!this.#shapes.has(result!) && values.length !== 1) this.#shapes.set(result!, [known(values.length)]);
    }
  }
}
