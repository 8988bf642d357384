/** Twin of lib/tournament.wgsl: the pair that meets as number `index` in `round`, the smaller player first. */
export function tournament(players: number, round: number, index: number): [number, number] {
  const circle = players - 1;
  if (index === 0) return [round, circle];
  const a = (round + index) % circle;
  const b = (round + circle - index) % circle;
  return [Math.min(a, b), Math.max(a, b)];
}
