import type { RandomNode } from '../model/randomNodes';
import type { Shapes } from './dataset';
import type { OutputKind } from './outputKinds';
import type { ComparedOutput, FidelityReport } from './report';

/** Sentences on inputs and models: for page and command line, without what reads models. */

/** "input_ids 1×32, attention_mask 1×48": the first few. */
export function describeShapes(shapes: Shapes): string {
  return firstOf(
    Object.entries(shapes).map(([name, dims]) => `${name} ${dims.length === 0 ? '(one number)' : dims.join('×')}`),
    6,
  );
}

/** "RandomNormalLike (noise)": the first few. */
export const describeRandom = (nodes: readonly RandomNode[]): string =>
  firstOf(
    nodes.map(({ op, name }) => `${op} (${name})`),
    3,
  );

/** What a kind of output is called in sentences. */
export const KIND_WORDS: Readonly<Record<OutputKind | 'none', string>> = {
  choices: 'choices',
  map: 'a map',
  boxes: 'boxes',
  embedding: 'an embedding',
  signal: 'a signal',
  state: 'a state',
  numbers: 'numbers',
  none: 'left out',
};

/** What outputs were taken for; undefined where one output of choices is all there is. */
export function describeOutputs({
  outputs = [],
}: {
  readonly outputs?: readonly ComparedOutput[];
}): string | undefined {
  if (outputs.every(({ kind }) => kind === 'choices')) return undefined;
  const named = ({ name, kind }: ComparedOutput) => `${name} (${KIND_WORDS[kind]})`;
  const counted = outputs.filter(({ counts }) => counts).map(named);
  const others = outputs.filter(({ counts }) => !counts).map(named);
  const rest = others.length > 0 ? ` Not counted: ${firstOf(others, 4)}.` : '';
  return `Compared: ${firstOf(counted, 6)}.${rest}`;
}

function firstOf(all: readonly string[], count: number): string {
  const more = all.length > count ? ` and ${all.length - count} more` : '';
  return `${all.slice(0, count).join(', ')}${more}`;
}

const closenessOf = ({ agreement, cosine, maxAbsolute }: FidelityReport): string =>
  [
    ...(agreement === undefined ? [] : [`agrees with itself at ${(100 * agreement).toFixed(1)} %`]),
    ...(cosine === undefined ? [] : [`has a cosine of ${cosine.toFixed(6)} to itself`]),
    ...(agreement === undefined && cosine === undefined ? [`differs by up to ${maxAbsolute!.toPrecision(3)}`] : []),
  ].join(' and ');

/** What to know of a model that gives two answers to one input; undefined where it does not. */
export function describeDrawing({
  random = [],
  itself,
}: {
  readonly random?: readonly RandomNode[];
  readonly itself?: FidelityReport;
}): string | undefined {
  const closeness = itself
    ? `the original, run twice on the same inputs, ${closenessOf(itself)}`
    : 'two runs of the original happened to agree';
  if (random.length > 0)
    return `The model draws at random: ${describeRandom(random)}. Its outputs differ from run to run: ${closeness}.`;
  if (!itself) return undefined;
  return `The model gives different answers to the same input: ${closeness}. Compare it on inputs of the kind it was made for.`;
}
