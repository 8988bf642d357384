import { describe } from 'vitest';
import { selectionSuite } from '../reference/selection.suite';
import { cpuSelection } from './selection';

describe('selection on the CPU', () => {
  selectionSuite(() => cpuSelection);
});
