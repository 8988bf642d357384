import type { OtherFormat } from '../format';
import { peekField } from '../protobuf';
import type { FileSample } from '../sample';
import { flatbuffer, says, startsWith, zipOf } from '../signatures';

const TORCH = 'load it in Python and export it with torch.onnx.export(model, inputs, "model.onnx")';
const KERAS = 'export it in Python with keras.models.load_model(FILE).export("model.onnx", format="onnx")';
const ORIGINAL = 'export the model that it was made from to ONNX';

type Row = Omit<OtherFormat, 'gives'>;

const ROWS: readonly Row[] = [
  {
    matches: says(/^\s*(<\?xml[^>]*>\s*)?<net\s[^>]*version=/),
    what: 'an OpenVINO model',
    instead: ORIGINAL,
  },
  { matches: zipOf(/\bdata\.pkl/), what: 'a PyTorch file', instead: TORCH },
  { matches: zipOf(/model\.weights\.h5/), what: 'a Keras model', instead: KERAS },
  { matches: zipOf(/\.mlmodel/), what: 'a Core ML model in a zip archive', instead: ORIGINAL },
  {
    // Protocols 2 to 5 of pickle. PyTorch wrote bare pickles before version 1.6.
    matches: ({ head }) => head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5,
    what: 'a Python pickle, as PyTorch writes them',
    instead: TORCH,
  },
  { matches: startsWith(0x89, 0x48, 0x44, 0x46), what: 'an HDF5 file, as Keras writes them', instead: KERAS },
  {
    matches: ({ head, text }) => head.length > 9 && text.slice(4, 8) === '\0\0\0\0' && text.slice(8, 10) === '{"',
    what: 'a safetensors file, which holds weights and no graph',
    instead: 'export the model that they belong to, for instance with "optimum-cli export onnx --model FOLDER OUT"',
  },
  {
    matches: says(/^GGUF/),
    what: 'a GGUF file of llama.cpp, which holds weights and no graph',
    instead: 'export the model that it was made from, for instance with "optimum-cli export onnx --model NAME OUT"',
  },
  {
    matches: flatbuffer('TFL3'),
    what: 'a TensorFlow Lite model',
    instead: 'convert it with "python -m tf2onnx.convert --tflite FILE --output model.onnx"',
  },
  {
    matches: flatbuffer('ORTM'),
    what: 'a model in the .ort format',
    instead: 'open the .onnx file that it was made from',
  },
  { matches: flatbuffer('ET12'), what: 'an ExecuTorch program', instead: ORIGINAL },
  {
    matches: says(/^(f|p)trt/),
    what: 'a TensorRT engine',
    instead: 'open the .onnx file that it was made from',
  },
  { matches: says(/^7767517\s/), what: 'an ncnn model', instead: ORIGINAL },
  {
    matches: says(/^\s*<\s*ir_version\s*:/),
    what: 'an ONNX model as text',
    instead: 'save it in binary with onnx.save(onnx.parser.parse_model(text), "model.onnx")',
  },
  {
    matches: isSavedModel,
    what: 'a TensorFlow SavedModel',
    instead: 'convert its folder with "python -m tf2onnx.convert --saved-model FOLDER --output model.onnx"',
  },
  {
    matches: isGraphDef,
    what: 'a TensorFlow graph',
    instead:
      'convert it with "python -m tf2onnx.convert --graphdef FILE --inputs NAMES --outputs NAMES --output model.onnx"',
  },
  { matches: isCoreMl, what: 'a Core ML model', instead: ORIGINAL },
];

/** Models of other tools. */
export const FOREIGN_MODELS: readonly OtherFormat[] = ROWS.map((row) => ({ gives: 'nothing', ...row }));

/** A number in field 1, then a message in field 2: returns the number and where the message's content starts. */
function versionThenMessage({ head }: FileSample): { readonly version: number; readonly content: number } | undefined {
  const version = peekField(head, 0);
  const message = version && peekField(head, version.to);
  if (version?.number !== 1 || version.isBytes || message?.number !== 2 || !message.isBytes) return undefined;
  return { version: version.value, content: message.content };
}

/** The schema's version 1, then a graph with tags such as "serve". */
function isSavedModel(file: FileSample): boolean {
  return versionThenMessage(file)?.version === 1 && /serve|tensorflow|saved_model/.test(file.text);
}

/** A list of nodes. Each node begins with its name and its operator. */
function isGraphDef({ head, text }: FileSample): boolean {
  const node = peekField(head, 0);
  const name = node && peekField(head, node.content);
  const op = name && peekField(head, name.to);
  if (![node, name, op].every((field) => field?.isBytes) || name!.number !== 1 || op!.number !== 2) return false;
  return node!.number === 1 && /^[A-Z_]\w*$/.test(text.slice(op!.content, op!.to));
}

/** The version, then a description. It begins with the first input, which begins with its name. */
function isCoreMl(file: FileSample): boolean {
  const described = versionThenMessage(file);
  const input = described && peekField(file.head, described.content);
  const name = input && peekField(file.head, input.content);
  return input?.number === 1 && input.isBytes && name?.number === 1 && name.isBytes;
}
