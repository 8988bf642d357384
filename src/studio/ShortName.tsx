/** What tells the names of layers apart stands at their ends: so much of it stays in sight. */
const TAIL = 16;

/**
 * A name on one line, shortened in the middle where it is too long for its place: its beginning says where, its end what.
 * The place gives it a width; all of it is there to be read and copied.
 */
export function ShortName({ text, title = text }: { text: string; title?: string }) {
  return (
    <span className="short-name" title={title}>
      {text.length > TAIL && <span>{text.slice(0, -TAIL)}</span>}
      <span>{text.slice(-TAIL)}</span>
    </span>
  );
}
