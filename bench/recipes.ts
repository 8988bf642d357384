/** A row of the quality benchmark: steps on the matrices of the language model's blocks. */
export interface QualityRow {
  readonly name: string;
  readonly steps: readonly { readonly method: string; readonly options: object }[];
}

const one = (name: string, method: string, options: object): QualityRow => ({ name, steps: [{ method, options }] });

const sizes = [0.7, 0.5, 0.3];
const scores = ['magnitude', 'wanda', 'sparsegpt'] as const;

/** To compare another method, or another stack, add its row. */
export const QUALITY_ROWS: readonly QualityRow[] = [
  ...sizes.map((size) => one(`svd, ${100 * size} %`, 'svd', { size })),
  ...sizes.map((size) => one(`svd, ${100 * size} %, diagonal whitening`, 'svd', { size, whiten: 'diagonal' })),
  ...sizes.map((size) => one(`svd, ${100 * size} %, full whitening`, 'svd', { size, whiten: 'full' })),
  one('tensor train, 50 %', 'tensor-train', { size: 0.5 }),
  one('tensor train, 50 %, diagonal whitening', 'tensor-train', { size: 0.5, whiten: 'diagonal' }),
  one('tensor train of two sites, 50 %', 'tensor-train', { sites: 2, size: 0.5 }),
  one('shared by a hash, 50 %', 'share', { size: 0.5 }),
  ...(['none', 'diagonal'] as const).map((whiten) =>
    one(`low rank plus sparse, 50 %, whitening ${whiten}`, 'low-rank-plus-sparse', { size: 0.5, whiten }),
  ),
  ...(['row', 'layer'] as const).flatMap((scope) =>
    scores.map((score) => one(`half of each ${scope} by ${score}`, 'prune', { sparsity: 0.5, score, scope })),
  ),
  one('half of the model by magnitude', 'prune', { sparsity: 0.5, scope: 'model' }),
  ...scores.map((score) => one(`2:4 by ${score}`, 'prune', { pattern: { n: 2, m: 4 }, score })),
  one('half of the 4×4 blocks by wanda', 'prune', { sparsity: 0.5, score: 'wanda', pattern: { block: [4, 4] } }),
  one('half', 'half', {}),
  one('8 bits, nearest', 'quantize', { bits: 8 }),
  one('4 bits, nearest', 'quantize', { bits: 4 }),
  one('4 bits, GPTQ', 'quantize', { bits: 4, rounding: 'gptq' }),
  one('4 bits, AWQ', 'quantize', { bits: 4, rounding: 'awq' }),
  one('2 bits, nearest', 'quantize', { bits: 2 }),
  one('2 bits, GPTQ', 'quantize', { bits: 2, rounding: 'gptq' }),
  one('2 bits, AWQ', 'quantize', { bits: 2, rounding: 'awq' }),
  one('2 bits in groups of 16, nearest', 'quantize', { bits: 2, groupSize: 16 }),
  one('2 bits in groups of 16, GPTQ', 'quantize', { bits: 2, groupSize: 16, rounding: 'gptq' }),
  one('8-bit inputs', 'quantize', { bits: 8, activations: 'dynamic' }),
  one('8-bit inputs but for outliers', 'quantize', { bits: 8, activations: 'outliers' }),
  one('16 values', 'cluster', { values: 16 }),
  one('16 values, the same for all', 'cluster', { values: 16, scope: 'model' }),
  one('feed-forward neurons cut to 70 %', 'prune-structured', { size: 0.7 }),
  {
    name: 'svd, 50 %, full whitening, then 8 bits',
    steps: [
      { method: 'svd', options: { size: 0.5, whiten: 'full' } },
      { method: 'quantize', options: { bits: 8 } },
    ],
  },
  {
    name: 'svd, 50 %, full whitening, then 4 bits by GPTQ',
    steps: [
      { method: 'svd', options: { size: 0.5, whiten: 'full' } },
      { method: 'quantize', options: { bits: 4, rounding: 'gptq' } },
    ],
  },
  {
    name: 'half of each row by sparsegpt, then 8 bits',
    steps: [
      { method: 'prune', options: { sparsity: 0.5, score: 'sparsegpt' } },
      { method: 'quantize', options: { bits: 8 } },
    ],
  },
];

/** Which of two rows of the same size should do better. */
export const QUALITY_ORDERS: readonly (readonly [better: string, worse: string])[] = [
  ...sizes.map((size) => [`svd, ${100 * size} %, full whitening`, `svd, ${100 * size} %`] as const),
  ['half of each row by sparsegpt', 'half of each row by wanda'],
  ['half of each row by wanda', 'half of each row by magnitude'],
  ['2:4 by sparsegpt', '2:4 by wanda'],
  ['2:4 by wanda', '2:4 by magnitude'],
  ['4 bits, GPTQ', '4 bits, nearest'],
  ['2 bits, GPTQ', '2 bits, nearest'],
];
