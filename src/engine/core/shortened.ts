const GAP = '..';

/** A name of at most `longest` characters. A longer name is shortened in the middle: its beginning says where the layer is,
 * its end what it is. */
export function shortened(name: string, longest: number): string {
  if (name.length <= longest) return name;
  const head = Math.floor((longest - GAP.length) / 2);
  return name.slice(0, head) + GAP + name.slice(name.length - (longest - GAP.length - head));
}
