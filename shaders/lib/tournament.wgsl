// Round-robin schedule by the circle method: in round r of players−1 every player meets exactly one other, and after
// all rounds every pair has met once. `players` is even. Returns the pair, the smaller player first.
fn tournament(players: u32, round: u32, index: u32) -> vec2u {
  let circle = players - 1u;
  if (index == 0u) {
    return vec2u(round, circle);
  }
  let a = (round + index) % circle;
  let b = (round + circle - index) % circle;
  return vec2u(min(a, b), max(a, b));
}
