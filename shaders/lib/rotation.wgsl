// Jacobi rotation (c, s) for two rows p, q with alpha = |p|², beta = |q|², gamma = p·q ≠ 0: the rows c·p − s·q and
// s·p + c·q are orthogonal. Of the two solutions it is the smaller angle (|t| ≤ 1), which convergence needs:
//   zeta = (beta − alpha) / (2 gamma),  t = sign(zeta) / (|zeta| + √(1 + zeta²)),  c = 1/√(1 + t²),  s = c·t
// The clamp keeps zeta² finite; the angle there is below every float32 rounding.
fn rotation(alpha: f32, beta: f32, gamma: f32) -> vec2f {
  let zeta = clamp((beta - alpha) / (2.0 * gamma), -1e15, 1e15);
  let t = select(-1.0, 1.0, zeta >= 0.0) / (abs(zeta) + sqrt(1.0 + zeta * zeta));
  let c = inverseSqrt(1.0 + t * t);
  return vec2f(c, c * t);
}
