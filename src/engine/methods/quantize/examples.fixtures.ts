/** Options for tests of every method: with and without looking at data, where both exist. */
export const EXAMPLES = {
  method: 'quantize',
  options: [
    { bits: 8 },
    { bits: 4, groupSize: 16 },
    { bits: 4, groupSize: 16, rounding: 'gptq' },
    { bits: 4, groupSize: 16, rounding: 'awq' },
    { bits: 8, activations: 'dynamic' },
    { bits: 8, activations: 'outliers' },
  ],
};
