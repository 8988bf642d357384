import type { SharedEnds } from './sharedEnds';

/** What tells the names of layers apart stands at their ends: so much stays in sight, of a short name not all. */
const tailOf = (text: string): number => Math.min(14, Math.ceil(0.6 * text.length));

/**
 * A name on one line, shortened in the middle where it is too long for its place: its beginning says where, its end what.
 * Where it stands in a list, what it shares with all others (`shared`) is shortened first. The place gives it a width; all
 * of it is there to be read and copied.
 */
export function ShortName({ text, title = text, shared }: { text: string; title?: string; shared?: SharedEnds }) {
  const isTold = shared !== undefined && shared.start + shared.end > 0;
  const from = isTold ? shared.start : 0;
  const to = text.length - (isTold ? shared.end : 0);
  const own = text.slice(from, to);
  const tail = to - tailOf(own);
  return (
    <span className="short-name" title={title}>
      {from > 0 && <span data-shared="true">{text.slice(0, from)}</span>}
      <span>{text.slice(from, tail)}</span>
      <span data-tail="true">{text.slice(tail, to)}</span>
      {to < text.length && <span data-shared="true">{text.slice(to)}</span>}
    </span>
  );
}
