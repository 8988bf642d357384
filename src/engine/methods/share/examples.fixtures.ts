/** Options for tests of every method: with and without looking at data, where both exist. */
export const EXAMPLES = {
  method: 'share',
  options: [{ size: 0.5 }],
};
