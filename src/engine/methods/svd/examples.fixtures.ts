/** Options for tests of every method: with and without looking at data, where both exist. */
export const EXAMPLES = {
  method: 'svd',
  options: [{ size: 0.5 }, { size: 0.5, whiten: 'full' }],
};
