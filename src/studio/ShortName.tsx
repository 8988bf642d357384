/** What tells the names of layers apart stands at their ends: so much stays in sight, of a short name not all. */
const tailOf = (text: string): string => text.slice(-Math.min(14, Math.ceil(0.6 * text.length)));

/**
 * A name on one line, shortened in the middle where it is too long for its place: its beginning says where, its end what.
 * The place gives it a width; all of it is there to be read and copied.
 */
export function ShortName({ text, title = text }: { text: string; title?: string }) {
  const tail = tailOf(text);
  return (
    <span className="short-name" title={title}>
      <span>{text.slice(0, text.length - tail.length)}</span>
      <span>{tail}</span>
    </span>
  );
}
