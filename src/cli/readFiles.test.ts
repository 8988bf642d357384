import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBytes } from '../engine/model/model';
import { bytesOf, external, holding, refusal } from '../engine/model/reading.fixtures';
import { fileSource, filesBehind, readFile, readModelAt } from './readFiles';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'carrara-links-'));
  for (const folder of ['models', 'models/weights', 'blobs']) mkdirSync(join(root, folder));
  writeFileSync(join(root, 'secret.bin'), new Uint8Array(16).fill(7));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (path: string) => join(root, path);
const model = (path: string, location: string) => writeFileSync(at(path), bytesOf(holding(external('w', location))));
const data = (path: string) => writeFileSync(at(path), new Uint8Array(16).fill(1));

async function opened(path: string): Promise<Uint8Array> {
  const found = await readModelAt(at(path));
  return readBytes(found, found.graph.initializer[0]!);
}

describe('data files of a model', () => {
  it('are found beside it and in folders below, also through links that stay there', async () => {
    model('models/a.onnx', 'weights/w.bin');
    data('models/weights/w.bin');
    model('models/b.onnx', 'link.bin');
    symlinkSync('weights/w.bin', at('models/link.bin'));
    for (const path of ['models/a.onnx', 'models/b.onnx'])
      expect(await opened(path)).toEqual(new Uint8Array(16).fill(1));
    expect(filesBehind(await readModelAt(at('models/a.onnx')), at('models/a.onnx'))).toEqual([
      at('models/a.onnx'),
      at('models/weights/w.bin'),
    ]);
  });

  it('are not read through links that leave the folder, whether of a file or of a folder', async () => {
    model('models/a.onnx', 'w.bin');
    symlinkSync('../secret.bin', at('models/w.bin'));
    model('models/b.onnx', 'out/secret.bin');
    symlinkSync('..', at('models/out'));
    // The plain name, which is tried after the one with its folder.
    model('models/c.onnx', 'gone/w.bin');
    for (const path of ['models/a.onnx', 'models/b.onnx', 'models/c.onnx'])
      expect(await refusal(() => opened(path))).toMatch(
        /tensor "w" keeps its data at ".*", which is a link that leads out of the folder of the model/,
      );
  });

  it('are not read outside of the folder', async () => {
    for (const location of ['../secret.bin', at('secret.bin'), 'weights/../../secret.bin']) {
      model('models/a.onnx', location);
      expect(await refusal(() => opened('models/a.onnx'))).toMatch(/tensor "w" keeps its data at .*secret\.bin/);
    }
  });

  it('lie where the model itself lies, if it is a link, as in the cache of Hugging Face', async () => {
    model('blobs/1234', 'w.bin');
    data('blobs/5678');
    symlinkSync('../blobs/1234', at('models/model.onnx'));
    symlinkSync('../blobs/5678', at('models/w.bin'));
    expect(await opened('models/model.onnx')).toEqual(new Uint8Array(16).fill(1));
  });
});

describe('reading a file', () => {
  it('gives the bytes, whole and in parts', async () => {
    writeFileSync(at('f'), Uint8Array.of(1, 2, 3, 4, 5));
    expect(readFile(at('f'))).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
    expect(await fileSource(at('f')).read(1, 3)).toEqual(Uint8Array.of(2, 3, 4));
  });
});
