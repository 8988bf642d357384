// Runs before every *.gpu.test.ts file in Node: WebGPU by Dawn, on the Vulkan driver that the environment names.
import { tmpdir } from 'node:os';
import { create, globals } from 'webgpu';

// The Vulkan loader complains on standard error where this is missing.
process.env.XDG_RUNTIME_DIR ??= tmpdir();
Object.assign(globalThis, globals);
const gpu = create([]);
Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
const adapter = await gpu.requestAdapter();
if (!adapter) {
  const driver = process.env.VK_ICD_FILENAMES;
  throw new Error(`Dawn finds no adapter ${driver ? `by the Vulkan driver ${driver}` : 'on this machine'}.`);
}
