import { elements, isDense, type Mode, type Operator } from '../operator';
import { type ExportChoice, formOf } from './choice';

/**
 * Multiply-adds a token, or a position of a convolution's output at stride 1, as the exported model computes them: those of
 * the dense weight wherever it is rebuilt, zeros included; for little memory a form may take more than that.
 */
export function exportedMultiplyAdds(operator: Operator, mode: Mode, choice: ExportChoice): number {
  if (isDense(operator) || formOf(operator, mode, choice) !== 'factored') return elements(operator.shape);
  const { effort, children, multiplyAdds } = operator;
  // The core of a train is met once for every index of the others: its own multiply-adds say nothing.
  if (children.length === 0 || effort) return multiplyAdds;
  return children.reduce(
    (total, child) => total + exportedMultiplyAdds(child, mode, choice) - child.multiplyAdds,
    multiplyAdds,
  );
}
