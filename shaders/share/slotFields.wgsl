// The last fields of Uniforms in kernels that multiply by hash-shared weights.
  slotCount: u32,
  run: u32,
  hashA: u32,
  hashB: u32,
  hashC: u32,
