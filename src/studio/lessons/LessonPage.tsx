import { use, useEffect, useRef } from 'react';
import { STUDIO_ADDRESS } from '../route';
import '../shell/welcome/welcome.css';
import { LessonCards } from './LessonCards';
import type { Lesson, LessonStep } from './lesson';
import styles from './lessons.module.css';
import { LESSONS } from './list';

/** A lesson on a page of its own, or the list of all lessons where `id` is ''. */
export default function LessonPage({ id }: { id: string }) {
  const lesson = LESSONS.find((candidate) => candidate.id === id);
  if (lesson) return <Steps key={id} lesson={lesson} />;
  return (
    <main className={`studio-page ${styles.page}`}>
      <article className={styles.article}>
        <h1>{id === '' ? 'Lessons' : `There is no lesson called “${id}”`}</h1>
        <div className="welcome-ways">
          <LessonCards />
        </div>
        <p className={styles.end}>
          <a href={STUDIO_ADDRESS}>Back to the studio</a>
        </p>
      </article>
    </main>
  );
}

/** One promise for each lesson: React asks again whenever it renders. */
const loading = new WeakMap<Lesson, Promise<readonly LessonStep[]>>();

function stepsOf(lesson: Lesson): Promise<readonly LessonStep[]> {
  const steps = loading.get(lesson) ?? lesson.steps();
  loading.set(lesson, steps);
  return steps;
}

/** The steps of a lesson one below the other, and a list of them. */
function Steps({ lesson }: { lesson: Lesson }) {
  const steps = use(stepsOf(lesson));
  const page = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.title;
    document.title = `${lesson.title} · Carrara`;
    return () => {
      document.title = before;
    };
  }, [lesson]);

  // The hash is the page's address, so the list scrolls to a step instead of changing the hash.
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
          {steps.map((step) => (
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
        {steps.map(({ id: step, title, Body }, index) => (
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
