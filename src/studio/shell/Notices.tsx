import { CloseButton } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Notice as NoticeState } from '../store';
import './notices.css';
import { useStudio } from '../store';

const LABELS = { error: 'Error', warning: 'Note', info: 'Done' } as const;

/** Long enough to read a sentence twice. */
const INFO_MS = 8000;

/**
 * What went wrong or was done, a sentence each. What was done goes by itself, and an error once the user has gone on
 * with success; the rest stays until it is read away.
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
  // Nothing goes from under a pointer or a focus.
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if ((tone !== 'info' && !past) || held) return;
    const timer = setTimeout(() => dismiss(id), past ? 0 : INFO_MS);
    return () => clearTimeout(timer);
  }, [id, tone, past, held, dismiss]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only waits while somebody is here
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
