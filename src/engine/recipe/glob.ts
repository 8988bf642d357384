/**
 * Whether the whole of `name` fits `pattern`, in which `*` stands for any run of characters, also for none. It takes at
 * most |pattern| · |name| steps: where the text after a star does not fit, only that star takes one more character. An
 * earlier star need not be tried again, because the last one can take everything that an earlier one could.
 */
export function fitsPattern(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  /** How far the last star reaches. */
  let taken = 0;
  for (let i = 0; i < name.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      taken = i;
    } else if (at < pattern.length && pattern[at] === name[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++taken;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
