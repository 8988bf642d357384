// Sum over a workgroup of `workgroupSize` (a power of two) invocations; every invocation gets it.
override workgroupSize: u32 = 64u;
var<workgroup> sumScratch: array<f32, workgroupSize>;

fn workgroupSum(value: f32, lane: u32) -> f32 {
  sumScratch[lane] = value;
  for (var half = workgroupSize / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sumScratch[lane] += sumScratch[lane + half];
    }
  }
  return workgroupUniformLoad(&sumScratch[0]);
}
