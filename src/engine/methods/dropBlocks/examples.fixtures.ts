/** Options for tests of every method. */
export const EXAMPLES = { method: 'drop-blocks', options: [{}] };
