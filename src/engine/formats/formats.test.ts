import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../core/bytes';
import { readModel } from '../model/model';
import { modelBytes, node } from '../model/onnx/build';
import { concat, Parts } from '../model/onnx/parts';
import { refusal } from '../model/reading.fixtures';
import { formatOf } from './formats';
import { sampleOfBytes } from './sample';

const text = (words: string) => new TextEncoder().encode(words);

/** Characters as the bytes of the same number. */
const latin = (characters: string) => Uint8Array.from(characters, (character) => character.charCodeAt(0));

function message(...fields: readonly (readonly [number: number, content: string | Uint8Array | number])[]): Uint8Array {
  const out = new Parts();
  for (const [number, content] of fields) {
    if (typeof content === 'number') {
      out.add(Uint8Array.of(8 * number, content));
      continue;
    }
    const inner = new Parts();
    inner.add(typeof content === 'string' ? text(content) : content);
    out.addField(number, inner);
  }
  return concat(out);
}

const tar = new Uint8Array(512);
tar.set(text('model.onnx'), 0);
tar.set(text('ustar'), 257);

const tags = message([4, 'serve'], [5, '2.15.0']);
const cases: [what: string, bytes: Uint8Array, remedy: string][] = [
  [
    'a Git LFS pointer',
    text('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n'),
    'run "git lfs pull"',
  ],
  ['a web page', text('\n<!DOCTYPE html>\n<html lang="en"><title>Log in</title>'), 'download the file itself'],
  ['a web page', text('<html><body>404 Not Found</body></html>'), 'not the page that shows it or asks to log in'],
  ['an OpenVINO model', text('<?xml version="1.0"?>\n<net name="m" version="11">\n<layers>'), 'export the model'],
  ['a gzip archive', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0), 'unpack it with gunzip first'],
  ['a zstd archive', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0), 'unpack it with unzstd first'],
  ['an xz archive', latin('\xfd7zXZ\0'), 'unpack it with unxz first'],
  ['a bzip2 archive', text('BZh91AY&SY'), 'unpack it with bunzip2 first'],
  ['a 7z archive', latin('7z\xbc\xaf\x27\x1c'), 'unpack it first'],
  ['a RAR archive', latin('Rar!\x1a\x07'), 'unpack it first'],
  ['a tar archive', tar, 'unpack it first'],
  ['a PyTorch file', zipSync({ 'archive/data.pkl': text('x'), 'archive/data/0': text('y') }), 'torch.onnx.export('],
  [
    'a PyTorch file',
    zipSync({ 'm/code/x.py': new Uint8Array(1e5), 'm/data.pkl': text('x') }, { level: 0 }),
    'torch.onnx',
  ],
  ['a Keras model', zipSync({ 'config.json': text('{}'), 'model.weights.h5': text('x') }), 'keras.models.load_model'],
  ['an .npz with data', zipSync({ 'x.npy': text('x') }), 'open a model, and this file beside it'],
  [
    'a Core ML model',
    zipSync({ 'Data/com.apple.CoreML/model.mlmodel': text('x') }),
    'export the model that it was made',
  ],
  ['a zip archive', zipSync({ 'readme.txt': text('x'), 'model.onnx': text('y') }), 'unpack it and open the .onnx file'],
  ['a NumPy array', latin('\x93NUMPY\x01\0'), 'open a model first'],
  ['a Python pickle', latin('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.'), 'torch.onnx.export('],
  ['an HDF5 file', latin('\x89HDF\r\n\x1a\n'), 'keras.models.load_model'],
  ['a safetensors file', latin('\x40\0\0\0\0\0\0\0{"__metadata__":{}}'), 'optimum-cli export onnx'],
  ['a GGUF file', latin('GGUF\x03\0\0\0'), 'optimum-cli export onnx'],
  ['a TensorFlow Lite model', latin('\x1c\0\0\0TFL3\x14\0'), 'tf2onnx.convert --tflite'],
  ['a model in the .ort format', latin('\x1c\0\0\0ORTM\x14\0'), 'open the .onnx file that it was made from'],
  ['an ExecuTorch program', latin('\x1c\0\0\0ET12\x14\0'), 'export the model that it was made from'],
  ['a TensorRT engine', latin('ftrt\x01\0\0\0'), 'open the .onnx file that it was made from'],
  ['an ncnn model', text('7767517\n75 83\nInput data 0 1 data'), 'export the model that it was made from'],
  ['an ONNX model as text', text('<\n  ir_version: 8,\n  opset_import: ["" : 17]\n>'), 'onnx.parser.parse_model'],
  ['a TensorFlow SavedModel', message([1, 1], [2, message([1, tags])]), 'tf2onnx.convert --saved-model'],
  [
    'a TensorFlow graph',
    message([1, message([1, 'input'], [2, 'Placeholder'])], [1, message([1, 'w'], [2, 'Const'])]),
    'tf2onnx.convert --graphdef',
  ],
  [
    'a Core ML model',
    message([1, 4], [2, message([1, message([1, 'image'])])], [15, 'x']),
    'export the model that it was',
  ],
  ['a picture', latin('\xff\xd8\xff\xe0\0\x10JFIF'), 'open an .onnx file'],
  ['a PDF document', text('%PDF-1.7\n'), 'open an .onnx file'],
  ['JSON', text('{ "architectures": ["Net"] }'), 'a recipe is opened beside it'],
  ['a recipe', text('{ "version": 1, "steps": [] }'), 'open a model, and this file beside it'],
];

describe('a file that is something else', () => {
  it.each(cases)('is named: %s', async (what, bytes, remedy) => {
    const sentence = await refusal(() => readModel(memorySource(bytes, 'model.onnx')));
    expect(sentence).toMatch(/^model\.onnx is .*, not an ONNX model: .*\.$/);
    expect(sentence).toContain(`model.onnx is ${what}`);
    expect(sentence).toContain(remedy);
  });

  it('is told from an ONNX model by its bytes alone', async () => {
    const onnx = modelBytes({ nodes: [node('Relu', ['x'], ['y'])], inputs: [], outputs: [] });
    expect(formatOf(sampleOfBytes(onnx, 'download'))?.gives).toBe('model');
    for (const [, bytes] of cases) expect(formatOf(sampleOfBytes(bytes, 'model.onnx'))?.gives).not.toBe('model');
  });

  it('is not guessed', async () => {
    for (const bytes of [new Uint8Array(100), text('Hello, this is a text.'), Uint8Array.of(8, 1)])
      expect(await refusal(() => readModel(memorySource(bytes, 'model.onnx')))).toMatch(/not an ONNX model/);
    expect(await refusal(() => readModel(memorySource(new Uint8Array(0), 'model.onnx')))).toMatch(
      /is empty \(0 bytes\)/,
    );
  });
});
