import { describeRandom, describeShapes } from '../../evaluation/describe';
import type { RandomNode } from '../../model/randomNodes';

/** How a written file was checked. */
export interface ReadBack {
  /**
   * The file was read back and compared with what was to be written in any case. Besides: it was run (outputs); each
   * rewritten layer of it was run alone (layers); nothing was run (weights).
   */
  readonly by: 'outputs' | 'layers' | 'weights';
  /** Tensors that were compared, each byte: all of the model. */
  readonly tensors: number;
  /** On which the whole file was run. */
  readonly samples: number;
  /** What they are of: "generated", or the name of the data. */
  readonly data?: string;
  /** Of generated inputs: the shape of each. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /**
   * Rewritten layers whose nodes were run alone and compared with the layer's own node and the compressed weight, of all
   * that were rewritten; and the largest relative difference of outputs found.
   */
  readonly layers: { readonly checked: number; readonly of: number; readonly largestError: number };
  /** Why the whole file was not run. */
  readonly note?: string;
  /** Nodes that draw at random: two runs of the model give different outputs. */
  readonly random?: readonly RandomNode[];
  readonly ms: number;
}

const counted = (count: number, one: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : `${one}s`}`;

/** A few sentences on how a file was verified. */
export function describeReadBack(readBack: ReadBack): string {
  const { tensors, random = [] } = readBack;
  const all = tensors === 1 ? 'the tensor' : `all ${counted(tensors, 'tensor')}`;
  return [
    `Read back: the graph and ${all} are what was to be written.`,
    ranSentence(readBack),
    ...layersSentence(readBack.layers),
    ...(random.length > 0
      ? [`The model draws at random (${describeRandom(random)}): two runs of it give different outputs.`]
      : []),
  ].join(' ');
}

function ranSentence({ by, samples, data, shapes = {}, note = '' }: ReadBack): string {
  if (by !== 'outputs') return `The whole model was not run: ${note.replace(/\.$/, '')}.`;
  if (data !== 'generated') return `Run on ${counted(samples, 'sample')} of ${data}.`;
  if (Object.keys(shapes).length === 0) return 'Run; it takes no inputs.';
  return `Run on ${counted(samples, 'sample')} made up: ${describeShapes(shapes)}.`;
}

function layersSentence({ checked, of, largestError }: ReadBack['layers']): string[] {
  if (of === 0) return [];
  const near = largestError === 0 ? 'exactly' : `to ${largestError.toExponential(0)}`;
  if (checked === of)
    return [
      of === 1
        ? `The rewritten layer, run alone, gives the outputs of its compressed weight (${near}).`
        : `Each of the ${of} rewritten layers, run alone, gives the outputs of its compressed weight (${near}).`,
    ];
  const others = 'the others cannot be run alone';
  if (checked === 0)
    return [
      of === 1
        ? 'The rewritten layer cannot be run alone.'
        : `None of the ${counted(of, 'rewritten layer')} can be run alone.`,
    ];
  return [
    `${checked} of ${of} rewritten layers, run alone, give the outputs of their compressed weights (${near}); ${others}.`,
  ];
}
