import type { ByteSource } from '../core/bytes';
import { readVarint, Wire } from './protobuf';

/** What a file is that was taken for another one. */
export interface OtherFormat {
  /** "a Git LFS pointer" */
  readonly what: string;
  /** What to do in order to have an ONNX model, without a full stop. */
  readonly remedy: string;
  /** What data come in, where it is one of these. */
  readonly kind?: 'npz' | 'zip';
  /** The remedy gives the file that was meant, whatever it is for. */
  readonly forAny?: true;
}

/** The beginning and the end of a file. */
interface Ends {
  readonly head: Uint8Array;
  /** As text, a character for each byte. */
  readonly text: string;
  readonly tail: string;
}

type Known = OtherFormat & { readonly is: (ends: Ends) => boolean };

const LOOK = 1 << 16;

const startsWith =
  (...bytes: readonly number[]) =>
  ({ head }: Ends) =>
    bytes.every((byte, i) => head[i] === byte);
const says = (pattern: RegExp) => (ends: Ends) => pattern.test(ends.text);
/** Flatbuffers have their kind in the second four bytes. */
const flatbuffer = (kind: string) => (ends: Ends) => ends.text.slice(4, 8) === kind;
/** A zip with an entry of this name; names stand before each entry and once more at the end. */
const zipOf = (pattern: RegExp) => (ends: Ends) => isZip(ends) && (pattern.test(ends.tail) || pattern.test(ends.text));
const isZip = (ends: Ends) => startsWith(0x50, 0x4b, 3, 4)(ends) || startsWith(0x50, 0x4b, 5, 6)(ends);

const ANYWAY = { forAny: true } as const;
const TORCH = 'load it in Python and export it with torch.onnx.export(model, inputs, "model.onnx")';
const KERAS = 'export it in Python with keras.models.load_model(FILE).export("model.onnx", format="onnx")';
const ORIGINAL = 'export the model that it was made from to ONNX';

/** The first that fits counts. */
const KNOWN: readonly Known[] = [
  {
    is: says(/^version https:\/\/git-lfs/),
    what: 'a Git LFS pointer, which stands for the file',
    remedy: 'run "git lfs pull" in its folder, or download the file itself',
    ...ANYWAY,
  },
  {
    is: says(/^(\xef\xbb\xbf)?\s*<(!doctype html|html)/i),
    what: 'a web page',
    remedy: 'download the file itself, not the page that shows it or asks to log in',
    ...ANYWAY,
  },
  { is: says(/^\s*(<\?xml[^>]*>\s*)?<net\s[^>]*version=/), what: 'an OpenVINO model', remedy: ORIGINAL },
  { is: startsWith(0x1f, 0x8b), what: 'a gzip archive', remedy: 'unpack it with gunzip first', ...ANYWAY },
  { is: startsWith(0x28, 0xb5, 0x2f, 0xfd), what: 'a zstd archive', remedy: 'unpack it with unzstd first', ...ANYWAY },
  {
    is: startsWith(0xfd, 0x37, 0x7a, 0x58, 0x5a),
    what: 'an xz archive',
    remedy: 'unpack it with unxz first',
    ...ANYWAY,
  },
  { is: says(/^BZh\d/), what: 'a bzip2 archive', remedy: 'unpack it with bunzip2 first', ...ANYWAY },
  { is: startsWith(0x37, 0x7a, 0xbc, 0xaf), what: 'a 7z archive', remedy: 'unpack it first', ...ANYWAY },
  { is: says(/^Rar!/), what: 'a RAR archive', remedy: 'unpack it first', ...ANYWAY },
  { is: ({ text }) => text.slice(257, 262) === 'ustar', what: 'a tar archive', remedy: 'unpack it first', ...ANYWAY },
  { is: zipOf(/\bdata\.pkl/), what: 'a PyTorch file', remedy: TORCH },
  { is: zipOf(/model\.weights\.h5/), what: 'a Keras model', remedy: KERAS },
  { is: zipOf(/\.npy/), kind: 'npz', what: 'an .npz with data', remedy: 'open a model, and this file beside it' },
  { is: zipOf(/\.mlmodel/), what: 'a Core ML model in a zip archive', remedy: ORIGINAL },
  { is: isZip, kind: 'zip', what: 'a zip archive', remedy: 'unpack it and open the .onnx file in it' },
  { is: startsWith(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59), what: 'a NumPy array', remedy: 'open a model first' },
  // Protocols 2 to 5 of pickle; PyTorch wrote bare pickles before version 1.6.
  {
    is: ({ head }) => head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5,
    what: 'a Python pickle, as PyTorch writes them',
    remedy: TORCH,
  },
  { is: startsWith(0x89, 0x48, 0x44, 0x46), what: 'an HDF5 file, as Keras writes them', remedy: KERAS },
  {
    is: ({ head, text }) => head.length > 9 && text.slice(4, 8) === '\0\0\0\0' && text.slice(8, 10) === '{"',
    what: 'a safetensors file, which holds weights and no graph',
    remedy: 'export the model that they belong to, for instance with "optimum-cli export onnx --model FOLDER OUT"',
  },
  {
    is: says(/^GGUF/),
    what: 'a GGUF file of llama.cpp, which holds weights and no graph',
    remedy: 'export the model that it was made from, for instance with "optimum-cli export onnx --model NAME OUT"',
  },
  {
    is: flatbuffer('TFL3'),
    what: 'a TensorFlow Lite model',
    remedy: 'convert it with "python -m tf2onnx.convert --tflite FILE --output model.onnx"',
  },
  { is: flatbuffer('ORTM'), what: 'a model in the .ort format', remedy: 'open the .onnx file that it was made from' },
  { is: flatbuffer('ET12'), what: 'an ExecuTorch program', remedy: ORIGINAL },
  { is: says(/^(f|p)trt/), what: 'a TensorRT engine', remedy: 'open the .onnx file that it was made from' },
  { is: says(/^7767517\s/), what: 'an ncnn model', remedy: ORIGINAL },
  {
    is: says(/^\s*<\s*ir_version\s*:/),
    what: 'an ONNX model as text',
    remedy: 'save it in binary with onnx.save(onnx.parser.parse_model(text), "model.onnx")',
  },
  {
    is: isSavedModel,
    what: 'a TensorFlow SavedModel',
    remedy: 'convert its folder with "python -m tf2onnx.convert --saved-model FOLDER --output model.onnx"',
  },
  {
    is: isGraphDef,
    what: 'a TensorFlow graph',
    remedy:
      'convert it with "python -m tf2onnx.convert --graphdef FILE --inputs NAMES --outputs NAMES --output model.onnx"',
  },
  { is: isCoreMl, what: 'a Core ML model', remedy: ORIGINAL },
  { is: says(/^(\x89PNG|\xff\xd8\xff|GIF8)/), what: 'a picture', remedy: 'open an .onnx file' },
  { is: says(/^%PDF/), what: 'a PDF document', remedy: 'open an .onnx file' },
  { is: says(/^\s*[{[]\s*["[{\]}]/), what: 'JSON', remedy: 'open an .onnx file; a recipe is opened beside it' },
];

/** The protobuf field at `at`, as far as its length: number, wire type, and where its content starts. */
function fieldAt(bytes: Uint8Array, at: number) {
  const tag = readVarint(bytes, at, bytes.length);
  if (!tag) return undefined;
  const value = readVarint(bytes, tag.next, bytes.length);
  if (!value) return undefined;
  const long = tag.value % 8 === Wire.BYTES;
  const [content, to] = long ? [value.next, value.next + value.value] : [tag.next, value.next];
  return { number: Math.floor(tag.value / 8), long, value: value.value, content, to };
}

/** A number in field 1, then a message in field 2, whose content is returned with the number. */
function versionThenMessage({ head }: Ends): { readonly version: number; readonly content: number } | undefined {
  const version = fieldAt(head, 0);
  const message = version && fieldAt(head, version.to);
  if (version?.number !== 1 || version.long || message?.number !== 2 || !message.long) return undefined;
  return { version: version.value, content: message.content };
}

// The schema's version 1, then a graph with tags such as "serve".
function isSavedModel(ends: Ends): boolean {
  return versionThenMessage(ends)?.version === 1 && /serve|tensorflow|saved_model/.test(ends.text);
}

// A list of nodes, which begin with their name and their operator.
function isGraphDef({ head, text }: Ends): boolean {
  const node = fieldAt(head, 0);
  const name = node && fieldAt(head, node.content);
  const op = name && fieldAt(head, name.to);
  if (![node, name, op].every((field) => field?.long) || name!.number !== 1 || op!.number !== 2) return false;
  return node!.number === 1 && /^[A-Z_]\w*$/.test(text.slice(op!.content, op!.to));
}

// The version, then a description that begins with the first input, which begins with its name.
function isCoreMl(ends: Ends): boolean {
  const described = versionThenMessage(ends);
  const input = described && fieldAt(ends.head, described.content);
  const name = input && fieldAt(ends.head, input.content);
  return input?.number === 1 && input.long && name?.number === 1 && name.long;
}

/** What else a file is, from how it begins and ends; undefined for bytes that no format here has. */
export function otherFormat(head: Uint8Array, tail: Uint8Array): OtherFormat | undefined {
  const ends = { head, text: characters(head), tail: characters(tail) };
  return KNOWN.find(({ is }) => is(ends));
}

/** The same for a file. */
export async function otherFormatOf(source: ByteSource): Promise<OtherFormat | undefined> {
  const length = Math.min(LOOK, source.size);
  return otherFormat(await source.read(0, length), await source.read(source.size - length, length));
}

/** The beginning and the end of bytes that are here, as `otherFormat` takes them. */
export const endsOf = (bytes: Uint8Array): [head: Uint8Array, tail: Uint8Array] => [
  bytes.subarray(0, LOOK),
  bytes.subarray(-LOOK),
];

/** A character for each byte: the decoder's "latin1" is another code. */
function characters(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}
