import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { wgsl } from './scripts/wgsl.mjs';

// SharedArrayBuffer, and with it onnxruntime's threads, exists only on cross-origin isolated pages.
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  // Relative addresses, so that the built studio works from any folder of any static host.
  base: './',
  plugins: [react(), wgsl()],
  // onnxruntime-web starts its threads from a module worker; an 'iife' worker cannot import it lazily.
  worker: { format: 'es', plugins: () => [wgsl()] },
  // Pre-bundling moves onnxruntime-web away from its .wasm file.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  build: { target: 'es2023', chunkSizeWarningLimit: 1024 },
  server: { headers: isolation, port: 5173 },
  preview: { headers: isolation, port: 4173 },
});
