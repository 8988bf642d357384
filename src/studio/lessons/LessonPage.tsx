import { useEffect, useRef } from 'react';
import { STUDIO_ADDRESS } from '../route';
import { lessons } from './lessons';
import styles from './lessons.module.css';

/** A lesson on a page of its own: its steps one below the other, and a list of them that follows along. */
export default function LessonPage({ id }: { id: string }) {
  const lesson = lessons.find((candidate) => candidate.id === id);
  const page = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!lesson) return;
    const before = document.title;
    document.title = `${lesson.title} · Carrara`;
    return () => {
      document.title = before;
    };
  }, [lesson]);

  if (!lesson) {
    return (
      <main className={`studio-page ${styles.page}`}>
        <article className={styles.article}>
          <h1>There is no lesson called “{id}”</h1>
          <p>
            <a href={STUDIO_ADDRESS}>Back to the studio</a>
          </p>
        </article>
      </main>
    );
  }

  // The hash is the page's address, so a link to a step scrolls by hand instead of changing it.
  const go = (step: string) => {
    const heading = page.current?.querySelector<HTMLElement>(`#step-${step}`);
    heading?.scrollIntoView({ block: 'start' });
    heading?.focus({ preventScroll: true });
  };

  return (
    <main className={`studio-page ${styles.page}`} ref={page}>
      <nav className={styles.contents} aria-label="Steps of the lesson">
        <p className={styles.kicker}>Lesson · {lesson.minutes} minutes</p>
        <ol>
          {lesson.steps.map((step) => (
            <li key={step.id}>
              <button type="button" onClick={() => go(step.id)}>
                {step.title}
              </button>
            </li>
          ))}
        </ol>
      </nav>
      <article className={styles.article}>
        <h1>{lesson.title}</h1>
        <p className={styles.summary}>{lesson.summary}</p>
        {lesson.steps.map(({ id: step, title, Body }, index) => (
          <section key={step} aria-labelledby={`step-${step}`} className={styles.step}>
            <h2 id={`step-${step}`} tabIndex={-1}>
              <span aria-hidden="true">{index + 1}</span>
              {title}
            </h2>
            <Body />
          </section>
        ))}
        <p className={styles.end}>
          <a href={STUDIO_ADDRESS}>Back to the studio</a>
        </p>
      </article>
    </main>
  );
}
