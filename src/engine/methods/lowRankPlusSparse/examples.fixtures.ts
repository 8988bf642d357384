/** Options for tests of every method: with and without looking at data, where both exist. */
export const EXAMPLES = {
  method: 'low-rank-plus-sparse',
  options: [
    { size: 0.6, iterations: 3 },
    { size: 0.6, iterations: 3, whiten: 'diagonal' },
  ],
};
