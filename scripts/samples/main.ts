// Makes public/samples: trains the bundled models and writes them with their data. `npm run samples [-- FOLDER]`,
// FOLDER holding the four files of Fashion-MNIST.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageOf, UserError } from '../../src/engine/core/errors';
import { FASHION_FOLDER } from './fashionData';
import { makeFashion } from './makeFashion';

const OUT = fileURLToPath(new URL('../../public/samples/', import.meta.url));

try {
  const { entry, files } = await makeFashion(process.argv[2] ?? FASHION_FOLDER, console.log);
  mkdirSync(`${OUT}${entry.id}`, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(`${OUT}${entry.id}/${name}`, content);
  writeFileSync(`${OUT}${entry.id}/entry.json`, `${JSON.stringify(entry, null, 2)}\n`);
  // The list that the studio shows: every sample says its own line, also those that are not trained here.
  const folders = readdirSync(OUT, { withFileTypes: true }).filter((folder) => folder.isDirectory());
  const entries: unknown[] = folders.map(({ name }) => JSON.parse(readFileSync(`${OUT}${name}/entry.json`, 'utf8')));
  writeFileSync(`${OUT}samples.json`, `${JSON.stringify(entries, null, 2)}\n`);
  console.log(`Written to ${OUT}`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(messageOf(error));
  process.exitCode = 1;
}
