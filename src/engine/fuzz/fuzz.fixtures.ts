import { toBinary } from '@bufbuild/protobuf';
import { zipSync } from 'fflate';
import { ModelProtoSchema } from 'onnx-buf';
import { nodeRuntime } from '../../runtime/node';
import { memorySource } from '../core/bytes';
import { UserError } from '../core/errors';
import type { Random } from '../core/random';
import { createCpuBackend } from '../cpu/backend';
import { batches } from '../evaluation/dataset';
import { generateDataset } from '../evaluation/generate';
import { openDataset } from '../evaluation/openDataset';
import { writeNpy } from '../formats/npz/npy';
import { readNpz } from '../formats/npz/npz';
import { Factorisations } from '../methods/factorisations';
import { getMethod } from '../methods/registry';
import { inputSpecs, inspect } from '../model/inspect';
import { layersOf } from '../model/layers';
import { among, type FindFile, type Model, readModel } from '../model/model';
import { scopeOf } from '../model/scopes';
import { bytesOfFile, filesOf } from '../model/write';
import { compress } from '../recipe/compress';
import { STEPS } from '../recipe/everyMethod.fixtures';
import { checkRecipe, parseRecipe } from '../recipe/schema';
import { selectLayers } from '../recipe/select';
import type { HostTensor } from '../runtime';
import { pick, randomOf, soundModel } from './corpus.fixtures';
import { mutateBytes, mutateProto } from './mutate.fixtures';

/**
 * What a hostile or broken file goes through, from opening to what is made of it. Each kind takes a seed and resolves to
 * what became of the file: a sentence where it was refused. Rejects where something else happened than that.
 */
export const FUZZERS = { model: fuzzModel, external: fuzzExternal, npz: fuzzNpz, recipe: fuzzRecipe } as const;

export type FuzzKind = keyof typeof FUZZERS;

/** Resolves to "accepted", or to the sentence of refusal. Throws an error that names seed and kind for all else. */
export async function fuzz(kind: FuzzKind, seed: number): Promise<string> {
  try {
    await FUZZERS[kind](randomOf(kind, seed));
    return 'accepted';
  } catch (error) {
    if (!(error instanceof UserError)) throw new Error(`${kind} ${seed}: ${String(error)}`, { cause: error });
    const { message } = error;
    if (/\n|undefined|\[object/.test(message.replaceAll('\\n', '')))
      throw new Error(`${kind} ${seed}: no sentence: ${message}`);
    return message;
  }
}

const runtime = nodeRuntime();
/** Steps that need no data, which these models have none of. */
const PLAIN = STEPS.filter(({ method, options }) => !getMethod(method).needsData?.(options));

const FILE = 'model.onnx';

async function fuzzModel(random: Random): Promise<void> {
  const proto = soundModel(random);
  if (random.below(2)) mutateProto(proto, random);
  const bytes = toBinary(ModelProtoSchema, proto);
  await through(random.below(2) ? mutateBytes(bytes, random) : bytes, () => undefined, random);
}

/** The files of a model whose weights lie beside it; either may be broken, missing, or be something else. */
async function fuzzExternal(random: Random): Promise<void> {
  const sound = await readModel(memorySource(toBinary(ModelProtoSchema, soundModel(random)), FILE));
  const written = filesOf(sound, 'split.onnx', {}, 0);
  const [main, data] = [await bytesOfFile(written[0]!), written[1] ? await bytesOfFile(written[1]) : new Uint8Array(0)];
  const broken = (bytes: Uint8Array) => (random.below(2) ? mutateBytes(bytes, random) : bytes);
  const beside = random.below(5) ? [memorySource(broken(data), written[1]?.name ?? 'none')] : [];
  await through(broken(main), among(beside), random);
}

/** Opens, inspects, compresses, writes and reads again. */
async function through(bytes: Uint8Array, find: FindFile, random: Random): Promise<void> {
  const model = await readModel(memorySource(bytes, FILE), find);
  inspect(model);
  const layers = layersOf(scopeOf(model));
  await again(model);
  const count = 1 + random.below(2);
  const steps = Array.from({ length: count }, () => pick(random, PLAIN)).map((step) => ({ layers: '*', ...step }));
  const recipe = checkRecipe({ version: 1, steps });
  if (layers.length > 0) {
    const compressed = await compress(model, recipe, {
      // Bases are kept by the weight's name, which is one in each model.
      factorisations: new Factorisations(createCpuBackend(runtime)),
    });
    const [main, ...others] = await Promise.all(
      compressed.files.map(async (file) => memorySource(await bytesOfFile(file), file.name)),
    );
    await sound(() => readModel(main!, among(others)));
  }
  const dataset = generateDataset(inputSpecs(model));
  for (const _ of batches(dataset, 2)) break;
}

/** What was read can be written, and what is written can be read and says the same. */
async function again(model: Model): Promise<void> {
  const files = filesOf(model, FILE);
  const written = await bytesOfFile(files[0]!);
  const read = await sound(() => readModel(memorySource(written, FILE)));
  const twice = await bytesOfFile(filesOf(read, FILE)[0]!);
  if (!Buffer.from(twice).equals(written)) throw new Error('written twice, the file is another one');
  if (JSON.stringify(inspect(read)) !== JSON.stringify({ ...inspect(model), bytes: written.length }))
    throw new Error('the written file is inspected otherwise');
}

/** A refusal of what the product itself has written is a fault of the product. */
async function sound<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw new Error(`what was written is refused: ${String(error)}`);
  }
}

const INPUTS = [
  { name: 'x', type: 'float32', shape: ['n', 3] },
  { name: 'ids', type: 'int64', shape: ['n'] },
] as const;

async function fuzzNpz(random: Random): Promise<void> {
  const arrays = new Map<string, HostTensor>([
    ['x', { type: 'float32', dims: [4, 3], data: new Float32Array(12).map(() => random.normal()) }],
    ['ids', { type: 'int64', dims: [4], data: BigInt64Array.of(1n, 2n, 3n, 4n) }],
    ['labels', { type: 'int32', dims: [4], data: Int32Array.of(0, 1, 2, -100) }],
    ['__proto__', { type: 'uint8', dims: [0, 5], data: new Uint8Array(0) }],
  ]);
  // Broken in the archive, where sizes and checksums tell, or before it was packed, where they are right.
  const early = random.below(2) ? pick(random, [...arrays.keys()]) : undefined;
  const packed = [...arrays].map(([name, array]) => {
    const bytes = writeNpy(array);
    return [`${name}.npy`, name === early ? mutateBytes(bytes, random) : bytes] as const;
  });
  const zip = zipSync(Object.fromEntries(packed), { level: random.below(2) ? 0 : 6 });
  const dataset = openDataset(
    readNpz(early !== undefined ? zip : mutateBytes(zip, random), 'data.npz'),
    INPUTS,
    'data.npz',
  );
  for (const _ of batches(dataset, 3));
}

const VALUES = [null, true, -1, 0, 0.5, 1e308, '', '*', '*a*a*a*a*a*b', '__proto__', 'constructor', [], {}, ['*', '*']];

async function fuzzRecipe(random: Random): Promise<void> {
  const step = pick(random, STEPS);
  const recipe: Record<string, unknown> = {
    version: 1,
    seed: 3,
    export: { aim: 'file' },
    steps: [{ layers: '*', ...step }],
  };
  const places: object[] = [recipe, recipe.export as object, (recipe.steps as object[])[0]!, { ...step.options }];
  for (let change = random.below(4); change > 0; change--) {
    const place = pick(random, places) as Record<string, unknown>;
    const key = pick(random, [...Object.keys(place), 'options', 'ignore', 'method', '__proto__', 'toString']);
    Object.defineProperty(place, key, {
      value: pick(random, VALUES),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  const text = new TextEncoder().encode(JSON.stringify(recipe));
  const checked = parseRecipe(
    new TextDecoder().decode(random.below(2) ? mutateBytes(text, random) : text),
    'recipe.json',
  );
  const model = await readModel(memorySource(toBinary(ModelProtoSchema, soundModel(random)), FILE));
  selectLayers(checked, layersOf(scopeOf(model)), 'recipe.json');
  if (JSON.stringify(checkRecipe(JSON.parse(JSON.stringify(checked)))) !== JSON.stringify(checked))
    throw new Error('a checked recipe, checked again, is another one');
}
