const GAP = '..';

/** A name of at most `longest` characters: a longer one loses its middle, as its beginning says where and its end what. */
export function shortened(name: string, longest: number): string {
  if (name.length <= longest) return name;
  const head = Math.floor((longest - GAP.length) / 2);
  return name.slice(0, head) + GAP + name.slice(name.length - (longest - GAP.length - head));
}
