import { lessonAddress } from '../route';
import { LESSONS } from './list';

/** A card for each lesson, which leads to it. */
export function LessonCards() {
  return LESSONS.map(({ id, title, summary, minutes }) => (
    <a key={id} className="way" href={lessonAddress(id)}>
      <span className="way-kind">Lesson · {minutes} minutes</span>
      <strong>{title}</strong>
      <span>{summary}</span>
    </a>
  ));
}
