import { elements, isDense, type Mode, type Operator } from '../operator';
import { type ExportChoice, formOf } from './choice';

/**
 * Multiply-adds of the exported model for one token, or one position of a convolution's output at stride 1. Where the
 * dense weight is rebuilt they are those of the dense weight, with its zeros. For little memory a form may take more.
 */
export function exportedMultiplyAdds(operator: Operator, mode: Mode, choice: ExportChoice): number {
  if (isDense(operator) || formOf(operator, mode, choice) !== 'factored') return elements(operator.shape);
  const { effort, children, multiplyAdds } = operator;
  // A core of a train is applied once for every index of the others, so its own multiply-adds say nothing.
  if (children.length === 0 || effort) return multiplyAdds;
  return children.reduce(
    (total, child) => total + exportedMultiplyAdds(child, mode, choice) - child.multiplyAdds,
    multiplyAdds,
  );
}
