/** Options for tests of every method: with and without looking at data, where both exist. */
export const EXAMPLES = {
  method: 'prune-structured',
  options: [{ size: 0.7 }, { size: 0.7, score: 'wanda' }],
};
