import { CloseButton } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Notice as NoticeState } from '../store';
import './notices.css';
import { useStudio } from '../store';

const LABELS = { error: 'Error', warning: 'Note', info: 'Done' } as const;

/** Long enough to read a sentence twice. */
const INFO_MS = 8000;

/**
 * Messages about what failed and what was done, one sentence each. Information disappears after some seconds, and
 * errors disappear after the next success. Warnings stay until the user closes them.
 */
export function Notices() {
  const notices = useStudio((state) => state.notices);
  return (
    <section className="notices" aria-label="Notices" aria-live="polite" aria-relevant="additions">
      {notices.map((notice) => (
        <Notice key={notice.id} notice={notice} />
      ))}
    </section>
  );
}

function Notice({ notice: { id, tone, text, past } }: { notice: NoticeState }) {
  const dismiss = useStudio((state) => state.dismiss);
  // A notice stays while the pointer or the focus is on it.
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if ((tone !== 'info' && !past) || held) return;
    const timer = setTimeout(() => dismiss(id), past ? 0 : INFO_MS);
    return () => clearTimeout(timer);
  }, [id, tone, past, held, dismiss]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only waits while the pointer or the focus is here
    <div
      className="notice"
      data-tone={tone}
      role={tone === 'error' ? 'alert' : undefined}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <strong>{LABELS[tone]}</strong>
      <p>{text}</p>
      <CloseButton size="sm" aria-label={`Dismiss: ${text}`} onClick={() => dismiss(id)} />
    </div>
  );
}
