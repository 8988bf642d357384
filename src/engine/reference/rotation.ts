/** Twin of lib/rotation.wgsl: (c, s) with c·p − s·q ⟂ s·p + c·q, from |p|², |q|² and p·q ≠ 0. */
export function rotation(alpha: number, beta: number, gamma: number): [number, number] {
  const zeta = (beta - alpha) / (2 * gamma);
  const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const c = 1 / Math.sqrt(1 + t * t);
  return [c, c * t];
}
