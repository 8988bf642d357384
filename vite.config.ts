import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { DEVELOPMENT_HEADERS, HEADERS, policyInPage } from './scripts/headers.mjs';
import { wgsl } from './scripts/wgsl.mjs';

export default defineConfig({
  // Relative addresses, so that the built studio works from any folder of any static host.
  base: './',
  plugins: [react(), wgsl(), policyInPage()],
  // onnxruntime-web starts its threads from a module worker; an 'iife' worker cannot import it lazily.
  worker: { format: 'es', plugins: () => [wgsl()] },
  // Pre-bundling moves onnxruntime-web away from its .wasm file.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  build: { target: 'es2023', chunkSizeWarningLimit: 1024 },
  server: { headers: DEVELOPMENT_HEADERS, port: 5173 },
  preview: { headers: HEADERS, port: 4173 },
});
