import type { Lesson } from './lesson';

/** A lesson of one step, as a fixture. */
export const sparsity: Lesson = {
  id: 'sparsity',
  title: 'What is sparsity?',
  summary: 'Which zeros a machine can skip.',
  minutes: 4,
  steps: async () => [{ id: 'zeros', title: 'Count the zeros', Body: () => <p>Half of them are zero.</p> }],
};
