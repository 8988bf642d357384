// Runs before every *.gpu.test.ts file. Without an adapter kernels would be untested, so the tests fail.
// A GPU process without a driver may never answer, hence the time limit.
const silence = new Promise<null>((resolve) => setTimeout(() => resolve(null), 20_000));
const adapter = await Promise.race([navigator.gpu?.requestAdapter() ?? null, silence]);
if (!adapter) {
  throw new Error('This browser offers no WebGPU adapter, hardware or software: point CHROME_PATH at a newer Chrome.');
}

export {};
