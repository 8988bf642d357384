import type { LessonStep } from '../lesson';
import { LayerStep } from './LayerStep';
import { PictureStep } from './PictureStep';
import { QuestionStep } from './QuestionStep';
import { TableStep } from './TableStep';

export const steps: readonly LessonStep[] = [
  { id: 'table', title: 'One column times one row', Body: TableStep },
  { id: 'picture', title: 'A picture is a table', Body: PictureStep },
  { id: 'layer', title: 'So is a layer', Body: LayerStep },
  { id: 'question', title: 'Your turn: a turned square', Body: QuestionStep },
];
