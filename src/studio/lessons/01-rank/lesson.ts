import type { Lesson } from '../lesson';

export const rank: Lesson = {
  id: 'rank',
  title: 'What is rank?',
  summary:
    'A layer of a network is a big table of numbers. Rank says how many simple tables it takes to build it, and whether storing those takes less.',
  minutes: 6,
  steps: async () => (await import('./steps')).steps,
};
