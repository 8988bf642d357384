import { z } from 'zod';
import type { Pattern } from '../../operators/sparse/layouts/cells';
import { choice, exactlyOne, share, whole } from '../options';

const group = 'budget';
const free = { pattern: ['unstructured', 'block'] };

const onePiece = z.union([
  z.strictObject({ n: z.int(), m: z.int() }),
  z.strictObject({ block: z.tuple([z.int(), z.int()]) }),
]);

const flat = z
  .strictObject({
    sparsity: share({
      title: 'Sparsity',
      help: 'the share of weights that go',
      group,
      when: free,
      range: [0.05, 0.99],
      initial: 0.5,
    }).optional(),
    size: share({ title: 'Size', help: 'stored bytes after over before', group, when: free, initial: 0.5 }).optional(),
    score: choice(['magnitude', 'wanda', 'sparsegpt'], {
      title: 'Score',
      help: 'which weights go first: the smallest; the smallest times the size of their input; those whose loss the others of their row make up for best',
      labels: { magnitude: 'Magnitude', wanda: 'Wanda', sparsegpt: 'SparseGPT' },
    }).default('magnitude'),
    pattern: choice(['unstructured', 'n:m', 'block'], {
      title: 'Pattern',
      help: 'any weight may go; all but n of every m neighbours in a row; or whole blocks',
      labels: { unstructured: 'Any', 'n:m': 'N:M', block: 'Blocks' },
    }).default('unstructured'),
    n: whole(1, 31, {
      title: 'N',
      help: 'how many of every m neighbours along the input survive, as 2 in 2:4',
      when: { pattern: ['n:m'] },
    }).default(2),
    m: choice([2, 4, 8, 16, 32], {
      title: 'M',
      help: 'neighbours along the input, as 4 in 2:4',
      when: { pattern: ['n:m'] },
    }).default(4),
    rows: whole(1, 64, { title: 'Rows', help: 'rows of a block', when: { pattern: ['block'] } }).default(4),
    columns: whole(1, 64, { title: 'Columns', help: 'columns of a block', when: { pattern: ['block'] } }).default(4),
    scope: choice(['row', 'layer', 'model'], {
      title: 'Scope',
      help: 'what competes for survival: each row, the layer, or all layers of the step; by default the layer for magnitude, each row for the others',
      when: free,
    }).optional(),
  })
  .superRefine((given, context) => {
    const fault = faultIn(given);
    if (fault) context.addIssue({ code: 'custom', ...fault });
  });

export type PruneOptions = z.infer<typeof flat>;
export type Scope = NonNullable<PruneOptions['scope']>;

const [oneBudget, needsOne] = exactlyOne<PruneOptions>(['sparsity', 'size']);

function faultIn(given: PruneOptions): { readonly message: string; readonly path?: string[] } | undefined {
  const { pattern, n, m, score, scope, sparsity, size } = given;
  if (pattern === 'n:m') {
    if (n >= m) return { message: `must have an n below m, not ${n} of ${m}` };
    const implied = 1 - n / m;
    if (sparsity !== undefined && Math.abs(sparsity - implied) > 1e-9) {
      return { path: ['sparsity'], message: `must be ${implied}, as ${n}:${m} says, or left out` };
    }
    const key = size !== undefined ? 'size' : scope !== undefined ? 'scope' : undefined;
    return key && { path: [key], message: 'must be left out with the pattern n:m, which says what survives' };
  }
  if (!oneBudget(given)) return needsOne;
  if (score !== 'sparsegpt') return undefined;
  if (pattern === 'block') return { path: ['pattern'], message: 'must be unstructured or n:m with sparsegpt' };
  if (scope === 'model') return { path: ['scope'], message: 'must be row or layer with sparsegpt' };
  return undefined;
}

/**
 * A recipe may also write a pattern as one object: `"pattern": {"n": 2, "m": 4}` or `{"block": [4, 4]}` stand for the
 * flat options that a form shows.
 */
export const pruneOptions = z.preprocess((given) => {
  const nested = onePiece.safeParse((given as { pattern?: unknown } | undefined)?.pattern);
  if (!nested.success) return given;
  const { data } = nested;
  if ('n' in data) return { ...(given as object), pattern: 'n:m', ...data };
  const [rows, columns] = data.block;
  return { ...(given as object), pattern: 'block', rows, columns };
}, flat);

export function patternOf({ pattern, n, m, rows, columns }: PruneOptions): Pattern {
  if (pattern === 'n:m') return { kind: pattern, n, m };
  return pattern === 'block' ? { kind: pattern, rows, columns } : { kind: pattern };
}

export const scopeOf = ({ scope, score }: PruneOptions): Scope => scope ?? (score === 'magnitude' ? 'layer' : 'row');
