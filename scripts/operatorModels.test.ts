import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { memorySource } from '../src/engine/core/bytes';
import { inspect } from '../src/engine/model/inspect';
import { readModel } from '../src/engine/model/model';
import { bytesOfFile, filesOf } from '../src/engine/model/write';
import { mustBeHere, operatorModels } from './operatorModels.mjs';

const paths = operatorModels();

it.skipIf(paths.length === 0 && !mustBeHere())(
  "ONNX's operator models (Debian's libonnx-testdata), read and written, have the very same bytes",
  async () => {
    // Version 1.12 of the package has 1,072.
    expect(paths.length).toBeGreaterThan(1000);
    const changed: string[] = [];
    for (const path of paths) {
      const bytes = new Uint8Array(readFileSync(path));
      const model = await readModel(memorySource(bytes, path));
      expect(inspect(model).bytes, path).toBe(bytes.length);
      const files = filesOf(model, 'model.onnx');
      if (files.length !== 1 || !Buffer.from(await bytesOfFile(files[0]!)).equals(bytes)) changed.push(path);
    }
    expect(changed).toEqual([]);
  },
  300_000,
);
