// One meaning of `import source from './x.wgsl'` for Vite (page, tests) and for Node (command line):
// the text of the shader, with each line `#import "path"` replaced by that file, once.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Reads a shader and what it imports. Returns its text and every file it was made of. */
export function loadShader(path) {
  const files = [];
  const expand = (file) => {
    if (files.includes(file)) return '';
    files.push(file);
    return readFileSync(file, 'utf8').replace(/^[ \t]*#import[ \t]+"([^"]+)"[ \t]*$/gm, (_, target) =>
      expand(resolve(dirname(file), target)),
    );
  };
  return { source: expand(path), files };
}

/** Vite plugin. `files` are those that it has read. */
export function wgsl() {
  const read = new Set();
  return {
    name: 'wgsl',
    enforce: 'pre',
    files: read,
    load(id) {
      const path = id.split('?')[0];
      if (!path.endsWith('.wgsl')) return null;
      const { source, files } = loadShader(path);
      for (const file of files) {
        read.add(file);
        this.addWatchFile(file);
      }
      return { code: `export default ${JSON.stringify(source)};`, map: null };
    },
  };
}

/** Node's module hook (`node --import ./scripts/register.mjs`). */
export async function load(url, context, nextLoad) {
  if (!url.endsWith('.wgsl')) return nextLoad(url, context);
  const { source } = loadShader(fileURLToPath(url));
  return { format: 'module', shortCircuit: true, source: `export default ${JSON.stringify(source)};` };
}
