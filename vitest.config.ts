import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { dawnEnvironment, getBrowser, launchOptions } from './scripts/browser.mjs';
import { wgsl } from './scripts/wgsl.mjs';

const launch = await launchOptions(getBrowser());
// Test files run in child processes, which take this over: the command line's WebGPU tests need it.
Object.assign(process.env, dawnEnvironment(launch));

/** Bounds a test that hangs, on a machine that has other work too: no test fails for being slow. */
const HANGS_AFTER = 600_000;

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [wgsl()],
        test: {
          name: 'node',
          environment: 'node',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.gpu.test.ts'],
          testTimeout: HANGS_AFTER,
          hookTimeout: HANGS_AFTER,
        },
      },
      {
        plugins: [wgsl()],
        // Pre-bundling moves onnxruntime-web away from its .wasm file.
        // What a test imports late would reload the page it runs in.
        optimizeDeps: {
          exclude: ['onnxruntime-web'],
          include: ['@noble/hashes/sha2.js', '@noble/hashes/utils.js', '@bufbuild/protobuf', 'onnx-buf', 'zod'],
        },
        server: {
          headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
        },
        test: {
          name: 'gpu',
          include: ['src/**/*.gpu.test.ts'],
          setupFiles: ['scripts/adapter.setup.ts'],
          // One file at a time: they share one adapter, and a software one already uses every core.
          fileParallelism: false,
          testTimeout: HANGS_AFTER,
          hookTimeout: HANGS_AFTER,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { executablePath: launch.executablePath, args: launch.args } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        plugins: [wgsl()],
        // The same tests in Node, by Dawn on any Vulkan driver; those of onnxruntime-web, IndexedDB and private files need a browser.
        test: {
          name: 'dawn',
          environment: 'node',
          include: ['src/engine/**/*.gpu.test.ts'],
          exclude: ['src/engine/evaluation/**', 'src/engine/operators/export/**', 'src/engine/store/**'],
          setupFiles: ['scripts/dawn.setup.ts'],
          fileParallelism: false,
          testTimeout: HANGS_AFTER,
          // SwiftShader compiles while a pipeline is made: all kernels of a file took 20 s on two busy cores.
          hookTimeout: HANGS_AFTER,
        },
      },
    ],
  },
});
