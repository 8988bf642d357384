/** Options for tests of every method: with and without looking at data, where both exist. */
export const EXAMPLES = {
  method: 'prune',
  options: [
    { sparsity: 0.7 },
    { sparsity: 0.7, scope: 'model' },
    { sparsity: 0.7, score: 'wanda' },
    { sparsity: 0.7, score: 'sparsegpt' },
  ],
};
