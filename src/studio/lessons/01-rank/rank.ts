import type { Lesson } from '../lesson';
import { LayerStep } from './LayerStep';
import { PictureStep } from './PictureStep';
import { QuestionStep } from './QuestionStep';
import { TableStep } from './TableStep';

export const rank: Lesson = {
  id: 'rank',
  title: 'What is rank?',
  summary:
    'A layer of a network is a big table of numbers. Rank says how many simple tables it takes to build it, and whether storing those takes less.',
  minutes: 6,
  steps: [
    { id: 'table', title: 'One column times one row', Body: TableStep },
    { id: 'picture', title: 'A picture is a table', Body: PictureStep },
    { id: 'layer', title: 'So is a layer', Body: LayerStep },
    { id: 'question', title: 'Your turn: a turned square', Body: QuestionStep },
  ],
};
