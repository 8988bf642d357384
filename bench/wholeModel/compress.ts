// Compresses the model at a path by a recipe on the CPU backend, as the command does but for verifying, and prints what
// that took: wholeModel.ts runs it in a process of its own, whose peak of memory is then this work's.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readModelAt } from '../../src/cli/readFiles';
import { scratchFile } from '../../src/cli/scratchFile';
import { createCpuBackend } from '../../src/engine/cpu/backend';
import { Factorisations } from '../../src/engine/methods/factorisations';
import { keepOffHeapIn } from '../../src/engine/model/offHeap';
import { compress } from '../../src/engine/recipe/compress';
import { parseRecipe } from '../../src/engine/recipe/schema';
import { nodeRuntime } from '../../src/runtime/node';

const [path, recipe] = process.argv.slice(2) as [string, string];
const model = await readModelAt(path);
keepOffHeapIn(scratchFile(dirname(path)));
const backend = createCpuBackend(nodeRuntime());
const started = performance.now();
const { report } = await compress(model, parseRecipe(recipe), { factorisations: new Factorisations(backend, 32e6) });
const ms = performance.now() - started;
const { user, system } = process.cpuUsage();
const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
console.log(
  JSON.stringify({
    ms,
    cpuMs: (user + system) / 1e3,
    peakMB: Number(peak?.[1]) / 1e3,
    layers: report.layers.length,
    bytes: report.after.bytes,
  }),
);
process.exit(0);
