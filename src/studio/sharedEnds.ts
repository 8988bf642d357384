/** How many characters all names of a list have in common. */
export interface SharedEnds {
  readonly start: number;
  readonly end: number;
}

const NOTHING: SharedEnds = { start: 0, end: 0 };

/** The whole parts of names (between "/", "." and "_") with which all of them begin and end. */
export function sharedEnds(names: readonly string[]): SharedEnds {
  const [first, ...others] = names;
  if (first === undefined || others.length === 0) return NOTHING;
  const shortest = Math.min(...names.map(({ length }) => length));
  let start = 0;
  while (start < shortest && others.every((name) => name[start] === first[start])) start++;
  let end = 0;
  while (end < shortest - start && others.every((name) => name.at(-1 - end) === first.at(-1 - end))) end++;
  // "blocks.10" and "blocks.11" share a digit, but no part.
  while (start > 0 && !SEPARATOR.test(first[start - 1]!)) start--;
  while (end > 0 && !SEPARATOR.test(first.at(-end)!)) end--;
  return { start, end };
}

const SEPARATOR = /[/._]/;
