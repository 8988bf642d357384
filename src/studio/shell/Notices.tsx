import { CloseButton } from '@mantine/core';
import './notices.css';
import { useStudio } from '../store';

const LABELS = { error: 'Error', warning: 'Note', info: 'Done' } as const;

/** What went wrong or was done, a sentence each; they stay until they are read away. */
export function Notices() {
  const notices = useStudio((state) => state.notices);
  const dismiss = useStudio((state) => state.dismiss);
  return (
    <section className="notices" aria-label="Notices" aria-live="polite" aria-relevant="additions">
      {notices.map(({ id, tone, text }) => (
        <div key={id} className="notice" data-tone={tone} role={tone === 'error' ? 'alert' : undefined}>
          <strong>{LABELS[tone]}</strong>
          <p>{text}</p>
          <CloseButton size="sm" aria-label={`Dismiss: ${text}`} onClick={() => dismiss(id)} />
        </div>
      ))}
    </section>
  );
}
