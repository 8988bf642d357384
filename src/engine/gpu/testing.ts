/** The WebGPU of a test: the browser's, or Dawn where the same test runs in Node. Fails where there is none. */
export async function testGpu(): Promise<GPU> {
  if (globalThis.navigator?.gpu) return navigator.gpu;
  // The name is hidden from the bundler: a browser has no use for Dawn.
  const dawn = 'webgpu';
  const { create } = await import(/* @vite-ignore */ dawn);
  return create([]);
}
