/** A choice for one item, such as a layer: what it costs in bytes, and what it loses. */
export interface Choice<T> {
  readonly value: T;
  readonly bytes: number;
  readonly loss: number;
}

/** One item goes to another choice. */
export interface Move<T> {
  readonly item: number;
  readonly to: T;
}

/**
 * The multiple-choice knapsack, relaxed (Sinha and Zoltners 1979): begins with the choices that lose least, and gives the
 * moves that save bytes, those first that lose least for each byte. What the first n moves lead to has, for any n, the
 * least sum of losses for its bytes among all choices on the lower convex hulls.
 */
export function convexMoves<T>(items: readonly (readonly Choice<T>[])[]): { first: T[]; moves: Move<T>[] } {
  const hulls = items.map(hullOf);
  const moves = hulls.flatMap((hull, item) =>
    hull.slice(1).map((to, i) => ({ item, to: to.value, slope: slope(hull[i]!, to) })),
  );
  // Slopes rise along a hull, so that the moves of an item keep their order; the sort is stable where they are equal.
  moves.sort((a, b) => a.slope - b.slope);
  return { first: hulls.map(([first]) => first!.value), moves: moves.map(({ item, to }) => ({ item, to })) };
}

/** The choices on the lower convex hull, from the least loss to the fewest bytes. */
function hullOf<T>(choices: readonly Choice<T>[]): Choice<T>[] {
  const sorted = [...choices].sort((a, b) => a.loss - b.loss || a.bytes - b.bytes);
  const hull: Choice<T>[] = [];
  for (const choice of sorted) {
    if (hull.length > 0 && choice.bytes >= hull.at(-1)!.bytes) continue;
    while (hull.length > 1 && slope(hull.at(-2)!, hull.at(-1)!) >= slope(hull.at(-1)!, choice)) hull.pop();
    hull.push(choice);
  }
  return hull;
}

/** What is lost for each byte that is saved. */
const slope = (from: Choice<unknown>, to: Choice<unknown>): number => (to.loss - from.loss) / (from.bytes - to.bytes);
