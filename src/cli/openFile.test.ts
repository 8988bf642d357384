import { mkdtempSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema } from 'onnx-buf';
import { afterAll, describe, expect, it } from 'vitest';
import { DataType, modelProto, node, tensor, value } from '../engine/model/onnx/build';
import { normal } from '../engine/reference/random';
import { shell } from './cli.fixtures';
import { OpenFile } from './openFile';

const folder = mkdtempSync(join(tmpdir(), 'carrara-open-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const textOf = (file: OpenFile) =>
  file.use(async (descriptor) => {
    const bytes = new Uint8Array(20);
    return new TextDecoder().decode(bytes.subarray(0, readSync(descriptor, bytes, 0, 20, 0)));
  });

/** Opens more files than are held open. */
function openOthers() {
  for (let i = 0; i < 100; i++) {
    writeFileSync(at(`other${i}`), '');
    new OpenFile(at(`other${i}`));
  }
}

it('reads on after many others were opened', async () => {
  writeFileSync(at('a'), 'first');
  const file = new OpenFile(at('a'));
  openOthers();
  expect(await textOf(file)).toBe('first');
});

it('keeps a file open while it is read', async () => {
  writeFileSync(at('b'), 'second');
  const file = new OpenFile(at('b'));
  const bytes = new Uint8Array(6);
  await file.use(async (descriptor) => {
    openOthers();
    readSync(descriptor, bytes, 0, 6, 0);
  });
  expect(new TextDecoder().decode(bytes)).toBe('second');
});

it('says that a file was replaced by another', async () => {
  writeFileSync(at('c'), 'before');
  const file = new OpenFile(at('c'));
  writeFileSync(at('new'), 'after!');
  renameSync(at('new'), at('c'));
  // Still open, it is the file that was given.
  expect(await textOf(file)).toBe('before');
  openOthers();
  for (let i = 0; i < 2; i++)
    await expect(textOf(file)).rejects.toThrow(/c was changed while it was in use: run the command again\.$/);
});

describe.runIf(process.platform !== 'win32')('a model with a data file for each of 300 weights', () => {
  const count = 300;
  const names = Array.from({ length: count }, (_, i) => `w${i}`);
  const proto = modelProto({
    nodes: names.map((name, i) =>
      node('MatMul', [i === 0 ? 'x' : `h${i - 1}`, name], [`h${i}`], {}, { name: `layer${i}` }),
    ),
    inputs: [value('x', DataType.FLOAT, ['n', 64])],
    outputs: [value(`h${count - 1}`, DataType.FLOAT)],
    initializers: names.map((name, i) =>
      tensor(
        name,
        [64, 64],
        Float32Array.from(normal(4096, i), (x) => x / 8),
      ),
    ),
  });
  for (const weight of proto.graph!.initializer) {
    writeFileSync(at(weight.name), weight.rawData);
    weight.rawData = new Uint8Array();
    weight.dataLocation = 1;
    weight.externalData = [create(StringStringEntryProtoSchema, { key: 'location', value: weight.name })];
  }

  it('is read where a process may hold 128 files', () => {
    writeFileSync(at('model.onnx'), toBinary(ModelProtoSchema, proto));
    const step = { layers: '*', method: 'half', options: {} };
    writeFileSync(at('recipe.json'), JSON.stringify({ version: 1, steps: [step] }));
    const { status, stderr, json } = shell(
      `ulimit -n 128; carrara compress ${at('model.onnx')} --recipe ${at('recipe.json')} --out ${at('out.onnx')} --backend cpu --json`,
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const { layers, skipped } = json();
    expect(skipped).toEqual([]);
    expect(layers).toHaveLength(count);
  });
});
