/**
 * Writes an encoder like BERT, of any size, with random weights in external data. It is for tests of opening large models;
 * its outputs have no meaning. Weights are written piece by piece, so that the script needs little memory.
 *
 *     node --import ./scripts/register.mjs scripts/bigModel.ts FOLDER [--gigabytes 1] [--width 768] [--seed 1] [--half]
 */
import { type FileHandle, mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { type NodeProto, type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf';
import { DataType, float, int64, modelBytes, node, tensor, value } from '../src/engine/model/onnx/build';
import { floatsToHalves } from '../src/engine/model/tensors';

export interface BigModelOptions {
  /** Wanted size of the weights, in bytes. The real size differs by at most half a block. */
  readonly bytes: number;
  /** Channels; a multiple of 64, which is one attention head. The feed-forward layers are four times as wide. */
  readonly width?: number;
  readonly vocabulary?: number;
  readonly seed?: number;
  /** Weights and arithmetic in half precision. */
  readonly half?: boolean;
}

export interface BigModelFiles {
  readonly model: string;
  readonly data: string;
  readonly blocks: number;
  readonly parameters: number;
}

const POSITIONS = 512;
const HEAD = 64;
const PIECE = 1 << 20;
// As exporters do it: vectors and tensors below this many bytes stay in the graph, and the others start on a page.
const SMALL = 1024;
const PAGE = 4096;

/** Bell-shaped numbers of this deviation, cheaply: a sum of four uniform ones (its variance is 1/3). */
function* randomPieces(count: number, deviation: number, state: Uint32Array): Generator<Float32Array<ArrayBuffer>> {
  const piece = new Float32Array(Math.min(PIECE, count));
  const scale = (deviation * Math.sqrt(3)) / 0x10000;
  for (let done = 0; done < count; done += PIECE) {
    const length = Math.min(PIECE, count - done);
    let x = state[0];
    for (let i = 0; i < length; i++) {
      // Two 16-bit halves from each of two xorshift steps.
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      let sum = (x >>> 16) + (x & 0xffff);
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      sum += (x >>> 16) + (x & 0xffff);
      piece[i] = (sum - 2 * 0xffff) * scale;
    }
    state[0] = x;
    yield piece.subarray(0, length);
  }
}

class Weights {
  readonly tensors: TensorProto[] = [];
  parameters = 0;
  #offset = 0;
  readonly #state: Uint32Array;

  constructor(
    private readonly file: FileHandle,
    private readonly location: string,
    seed: number,
    private readonly half: boolean,
  ) {
    // xorshift never leaves zero.
    this.#state = Uint32Array.of((seed * 2654435761) >>> 0 || 1);
  }

  keep(made: TensorProto): string {
    this.tensors.push(made);
    return made.name;
  }

  /** A tensor kept in the graph, in the model's own precision. */
  floats(name: string, dims: readonly number[], values: Float32Array<ArrayBuffer>): string {
    const made = this.half ? tensor(name, dims, floatsToHalves(values), DataType.FLOAT16) : tensor(name, dims, values);
    return this.keep(made);
  }

  /** A vector that is the same everywhere: biases (0) and scales (1). */
  vector(name: string, length: number, entry: number): string {
    this.parameters += length;
    return this.floats(name, [length], new Float32Array(length).fill(entry));
  }

  async matrix(name: string, dims: readonly number[]): Promise<string> {
    const count = dims.reduce((product, size) => product * size, 1);
    this.parameters += count;
    const deviation = 0.02;
    if (count * 4 < SMALL) {
      const [values] = randomPieces(count, deviation, this.#state);
      return this.floats(name, dims, values!);
    }
    this.#offset = Math.ceil(this.#offset / PAGE) * PAGE;
    const bytes = this.half ? 2 : 4;
    const entries = { location: this.location, offset: String(this.#offset), length: String(count * bytes) };
    for (const floats of randomPieces(count, deviation, this.#state)) {
      const piece = this.half ? floatsToHalves(floats) : floats;
      await this.file.write(new Uint8Array(piece.buffer, 0, piece.byteLength), 0, piece.byteLength, this.#offset);
      this.#offset += piece.byteLength;
    }
    return this.keep(
      create(TensorProtoSchema, {
        name,
        dims: dims.map(BigInt),
        dataType: this.half ? DataType.FLOAT16 : DataType.FLOAT,
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
      }),
    );
  }
}

/** Nodes in the order in which they run; each call appends one and returns the name of its output. */
class Nodes {
  readonly all: NodeProto[] = [];

  add(op: string, name: string, inputs: readonly string[], attributes: Parameters<typeof node>[3] = {}): string {
    const output = `${name}_output_0`;
    this.all.push(node(op, inputs, [output], attributes, { name }));
    return output;
  }
}

interface Build {
  readonly weights: Weights;
  readonly nodes: Nodes;
  readonly width: number;
}

async function linear({ weights, nodes }: Build, path: string, x: string, inputs: number, outputs: number) {
  const name = path.replaceAll('/', '.').slice(1);
  const product = nodes.add('MatMul', `${path}/MatMul`, [x, await weights.matrix(`${name}.weight`, [inputs, outputs])]);
  return nodes.add('Add', `${path}/Add`, [weights.vector(`${name}.bias`, outputs, 0), product]);
}

function normalise({ weights, nodes, width }: Build, path: string, x: string): string {
  const name = path.replaceAll('/', '.').slice(1);
  const inputs = [x, weights.vector(`${name}.weight`, width, 1), weights.vector(`${name}.bias`, width, 0)];
  return nodes.add('LayerNormalization', `${path}/LayerNormalization`, inputs, { axis: -1, epsilon: float(1e-12) });
}

async function attention(build: Build, path: string, x: string): Promise<string> {
  const { nodes, width } = build;
  const heads = async (part: string, perm: readonly number[]) => {
    const flat = await linear(build, `${path}/${part}`, x, width, width);
    const split = nodes.add('Reshape', `${path}/${part}/Reshape`, [flat, 'split_heads']);
    return nodes.add('Transpose', `${path}/${part}/Transpose`, [split], { perm });
  };
  const query = await heads('query', [0, 2, 1, 3]);
  const key = await heads('key', [0, 2, 3, 1]);
  const values = await heads('value', [0, 2, 1, 3]);
  const scores = nodes.add('MatMul', `${path}/scores/MatMul`, [query, key]);
  const scaled = nodes.add('Div', `${path}/scores/Div`, [scores, 'root_of_head']);
  const shares = nodes.add('Softmax', `${path}/scores/Softmax`, [scaled], { axis: -1 });
  const mixed = nodes.add('MatMul', `${path}/mixed/MatMul`, [shares, values]);
  const turned = nodes.add('Transpose', `${path}/mixed/Transpose`, [mixed], { perm: [0, 2, 1, 3] });
  const merged = nodes.add('Reshape', `${path}/mixed/Reshape`, [turned, 'merge_heads']);
  return linear(build, `${path}/output/dense`, merged, width, width);
}

async function feedForward(build: Build, path: string, x: string): Promise<string> {
  const { nodes, width } = build;
  const wide = await linear(build, `${path}/intermediate/dense`, x, width, 4 * width);
  // GELU, spelt out as exporters did before opset 20: x/2 · (1 + erf(x/√2)).
  const act = `${path}/intermediate/act`;
  const erf = nodes.add('Erf', `${act}/Erf`, [nodes.add('Div', `${act}/Div`, [wide, 'root_of_two'])]);
  const gate = nodes.add('Mul', `${act}/Mul`, [wide, nodes.add('Add', `${act}/Add`, [erf, 'one'])]);
  const active = nodes.add('Mul', `${act}/Mul_1`, [gate, 'half']);
  return linear(build, `${path}/output/dense`, active, 4 * width, width);
}

async function embed({ weights, nodes, width }: Build, vocabulary: number): Promise<string> {
  const words = await weights.matrix('embeddings.word_embeddings.weight', [vocabulary, width]);
  const places = await weights.matrix('embeddings.position_embeddings.weight', [POSITIONS, width]);
  const length = nodes.add('Shape', '/embeddings/Shape', ['input_ids'], { start: 1, end: 2 });
  const tokens = nodes.add('Squeeze', '/embeddings/Squeeze', [length]);
  const range = nodes.add('Range', '/embeddings/Range', ['zero_index', tokens, 'one_index']);
  return nodes.add('Add', '/embeddings/Add', [
    nodes.add('Gather', '/embeddings/word_embeddings/Gather', [words, 'input_ids']),
    nodes.add('Gather', '/embeddings/position_embeddings/Gather', [places, range]),
  ]);
}

async function classify({ weights, nodes, width }: Build, x: string): Promise<void> {
  const first = nodes.add('Gather', '/pooler/Gather', [x, 'zero_index'], { axis: 1 });
  const pooled = [first, await weights.matrix('pooler.dense.weight', [width, width])];
  const bias = weights.vector('pooler.dense.bias', width, 0);
  const tanh = nodes.add('Tanh', '/pooler/Tanh', [
    nodes.add('Gemm', '/pooler/dense/Gemm', [...pooled, bias], { transB: 1 }),
  ]);
  const head = [tanh, await weights.matrix('classifier.weight', [2, width]), weights.vector('classifier.bias', 2, 0)];
  nodes.all.push(node('Gemm', head, ['logits'], { transB: 1 }, { name: '/classifier/Gemm' }));
}

/** Writes `model.onnx` and `model.onnx_data` into `folder`. Input `input_ids` [batch, sequence], output `logits` [batch, 2]. */
export async function writeBigModel(folder: string, options: BigModelOptions): Promise<BigModelFiles> {
  const { bytes, width = 768, vocabulary = 30_522, seed = 1, half = false } = options;
  if (!Number.isInteger(width / HEAD) || width < HEAD) throw new Error(`The width must be a multiple of ${HEAD}.`);
  const perBlock = (half ? 2 : 4) * (12 * width * width + 13 * width);
  const around = (half ? 2 : 4) * width * (vocabulary + POSITIONS + width);
  const blocks = Math.max(1, Math.round((bytes - around) / perBlock));

  await mkdir(folder, { recursive: true });
  const model = join(folder, 'model.onnx');
  const data = join(folder, 'model.onnx_data');
  const file = await open(data, 'w');
  const weights = new Weights(file, 'model.onnx_data', seed, half);
  const build: Build = { weights, nodes: new Nodes(), width };
  try {
    for (const constant of [
      int64('split_heads', [0, 0, width / HEAD, HEAD]),
      int64('merge_heads', [0, 0, width]),
      int64('zero_index', [0], []),
      int64('one_index', [1], []),
    ]) {
      weights.keep(constant);
    }
    const scalars = { root_of_head: Math.sqrt(HEAD), root_of_two: Math.SQRT2, one: 1, half: 0.5 };
    for (const [name, entry] of Object.entries(scalars)) weights.floats(name, [], Float32Array.of(entry));
    let x = normalise(build, '/embeddings/LayerNorm', await embed(build, vocabulary));
    for (let block = 0; block < blocks; block++) {
      const path = `/encoder/layer.${block}`;
      const attended = await attention(build, `${path}/attention`, x);
      const sum = build.nodes.add('Add', `${path}/attention/output/Add`, [attended, x]);
      const between = normalise(build, `${path}/attention/output/LayerNorm`, sum);
      const fed = await feedForward(build, path, between);
      x = normalise(build, `${path}/output/LayerNorm`, build.nodes.add('Add', `${path}/output/Add`, [fed, between]));
    }
    await classify(build, x);
  } finally {
    await file.close();
  }
  await writeFile(
    model,
    modelBytes({
      opset: 17,
      nodes: build.nodes.all,
      initializers: weights.tensors,
      inputs: [value('input_ids', DataType.INT64, ['batch', 'sequence'])],
      outputs: [value('logits', half ? DataType.FLOAT16 : DataType.FLOAT, ['batch', 2])],
    }),
  );
  return { model, data, blocks, parameters: weights.parameters };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      gigabytes: { type: 'string', default: '1' },
      width: { type: 'string', default: '768' },
      seed: { type: 'string', default: '1' },
      half: { type: 'boolean', default: false },
    },
  });
  const [bytes, width, seed] = [Number(values.gigabytes) * 1e9, Number(values.width), Number(values.seed)];
  if (positionals.length !== 1 || !(bytes > 0) || !(width > 0) || !Number.isInteger(seed)) {
    console.error('Usage: scripts/bigModel.ts FOLDER [--gigabytes 1] [--width 768] [--seed 1] [--half]');
    process.exitCode = 1;
  } else {
    const { model, blocks, parameters } = await writeBigModel(positionals[0], {
      bytes,
      width,
      seed,
      half: values.half,
    });
    console.log(`${model}: ${blocks} blocks, ${parameters.toLocaleString('en')} parameters`);
  }
}
