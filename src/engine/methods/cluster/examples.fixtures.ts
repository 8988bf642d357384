/** Options for tests of every method: with and without looking at data, where both exist. */
export const EXAMPLES = {
  method: 'cluster',
  options: [{ values: 16 }, { values: 16, scope: 'model' }],
};
