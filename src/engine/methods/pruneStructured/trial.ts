import { create } from '@bufbuild/protobuf';
import { type NodeProto, ValueInfoProtoSchema } from 'onnx-buf';
import { withOutputs } from '../../calibration/running';
import { messageOf } from '../../core/errors';
import type { LongCall } from '../../core/progress';
import { isFloat, toNumbers } from '../../evaluation/convert';
import { batches, type Dataset } from '../../evaluation/dataset';
import { type Cut, cutChannels } from '../../model/channels/cut';
import type { Flow } from '../../model/channels/graph';
import { maskChannels } from '../../model/channels/mask';
import { type Model, tensorsOf } from '../../model/model';
import { DataType } from '../../model/onnx/build';
import { percent } from '../../operators/percent';
import type { HostTensor, Session } from '../../runtime';
import type { TrialReport } from '../report';

/** What is needed to run models on a sample. */
export interface Trial {
  /** Samples for the model's inputs. Throws where there are none and none can be made up. */
  readonly dataset: () => Dataset | Promise<Dataset>;
  readonly open: (model: Model) => Promise<Session>;
}

type Outputs = Readonly<Record<string, HostTensor>>;

/**
 * The largest ‖difference‖/‖output‖ that counts as rounding. Sums without their zero terms differ by about 1e−7 in
 * float32 and 5e−4 in float16, and later layers amplify that. A unit that is cut in the wrong place changes an output
 * by about its own size.
 */
const TOLERANCE = { float32: 1e-3, float16: 0.03 };

/**
 * An output that differs by more may be discontinuous, such as scores of which only the largest are kept. Then the
 * weights are changed by this share of themselves, several roundings, and the effect of that on the output is the
 * measure.
 */
const SHAKE = { float32: 2 ** -20, float16: 2 ** -9 };

/** An output may differ by this many times the difference of the model with changed weights. */
const MARGIN = 10;

/**
 * Runs the model on one sample with the units cut, and with the units masked so that nothing reads them. Compares the
 * outputs, and the results of the layers that read the units. Where all cuts together differ, each is tried alone, and
 * then those that passed are tried together. What cannot be run is accepted, and the report says why it was not tried.
 */
export async function tryCuts(
  model: Model,
  flow: Flow,
  cuts: readonly Cut[],
  trial: Trial | undefined,
  { signal, onProgress }: LongCall,
): Promise<{ readonly refused: ReadonlyMap<Cut, string>; readonly report: TrialReport }> {
  const refused = new Map<Cut, string>();
  if (!trial) return { refused, report: { ran: false, note: 'there was nothing to run the model with' } };
  let data: Dataset;
  let feeds: Outputs;
  try {
    data = await trial.dataset();
    const [first] = batches(data, 1);
    feeds = first!.feeds;
  } catch (error) {
    signal?.throwIfAborted();
    return { refused, report: { ran: false, note: messageOf(error).replace(/\.$/, '') } };
  }
  const { name, generated } = data;
  const report: TrialReport = { ran: true, data: name, generated };
  const type = usesHalves(model) ? 'float16' : 'float32';
  const tolerance = TOLERANCE[type];
  try {
    const whole = await differenceOf(cuts);
    if (whole === undefined) return { refused, report };
    if (cuts.length > 1) {
      for (const cut of cuts) {
        const why = await differenceOf([cut]);
        if (why !== undefined) refused.set(cut, why);
      }
      const passed = cuts.filter((cut) => !refused.has(cut));
      const together = passed.length > 0 && passed.length < cuts.length ? await differenceOf(passed) : undefined;
      if (refused.size > 0 && together === undefined) return { refused, report };
    }
    for (const cut of cuts) if (!refused.has(cut)) refused.set(cut, whole);
    return { refused, report };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof NotRun)) throw error;
    return { refused: new Map(), report: { ran: false, note: error.message } };
  }

  /** Why these cuts change the model; undefined where they do not. */
  async function differenceOf(some: readonly Cut[]): Promise<string | undefined> {
    signal?.throwIfAborted();
    onProgress?.({ done: 0, total: 1, label: 'Trying the cuts on a sample' });
    const outputs = outputsOf(model, some);
    const masked = withOutputs(await maskChannels(model, flow, some), outputs);
    const expected = await runUncut(masked);
    let actual: Outputs;
    try {
      actual = await run(withOutputs(await cutChannels(model, flow, some, signal), outputs));
    } catch (error) {
      signal?.throwIfAborted();
      return `the model does not run once they are cut: ${messageOf(error).replace(/\.$/, '')}`;
    }
    const far = distances(actual, expected).filter(({ far }) => far > tolerance);
    if (far.length === 0) return undefined;
    if (distances(await runUncut(masked), expected).some(({ far }) => far > tolerance))
      throw new NotRun('the model gives other outputs each time that it runs on the same sample');
    const shaken = withOutputs(await maskChannels(model, flow, some, SHAKE[type]), outputs);
    const jumps = new Map(distances(await runUncut(shaken), expected).map(({ name, far }) => [name, MARGIN * far]));
    const worst = far.filter(({ name, far }) => far > (jumps.get(name) ?? 0)).sort((a, b) => b.far - a.far)[0];
    return (
      worst && `cutting them is not what masking them is: on a sample ${worst.name} differs by ${percent(worst.far)}`
    );
  }

  function runUncut(one: Model): Promise<Outputs> {
    return run(one).catch((error) => {
      throw new NotRun(messageOf(error).replace(/\.$/, ''));
    });
  }

  async function run(one: Model): Promise<Outputs> {
    const session = await trial!.open(one);
    try {
      return await session.run(feeds);
    } finally {
      await session.release();
    }
  }
}

/** Nothing can be concluded: the uncut model does not run, or does not give the same outputs twice. */
class NotRun extends Error {}

/**
 * The model's own outputs, and the outputs of the layers that read the units, before anything can hide a difference.
 */
function outputsOf(model: Model, cuts: readonly Cut[]) {
  const own = model.graph.output;
  const nodes = cuts.flatMap(({ group }) => group.consumers.flatMap(({ uses }) => uses.map(({ node }) => node)));
  // The output of a layer that reads units may itself consist of units, some of which are cut.
  const listed = new Set([...own.map(({ name }) => name), ...cuts.flatMap(({ group }) => group.values)]);
  const more = [...new Set<NodeProto>(nodes)].map(({ output }) => output[0]!).filter((name) => !listed.has(name));
  return [...own, ...more.map((name) => create(ValueInfoProtoSchema, { name }))];
}

const usesHalves = (model: Model): boolean =>
  [...tensorsOf(model.proto)].some(({ dataType }) => dataType === DataType.FLOAT16);

/** ‖difference‖/‖output‖ of each floating-point output. */
const distances = (actual: Outputs, expected: Outputs): { readonly name: string; readonly far: number }[] =>
  Object.entries(expected).flatMap(([name, one]) => {
    if (!isFloat(one.type)) return [];
    const other = actual[name];
    const same = other !== undefined && other.dims.join() === one.dims.join();
    return [{ name, far: same ? farness(toNumbers(other), toNumbers(one)) : Number.POSITIVE_INFINITY }];
  });

function farness(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    // A masked unit that is infinite gives 0·∞, where the cut model gives nothing.
    if (!Number.isFinite(expected[i]!)) continue;
    if (!Number.isFinite(actual[i]!)) return Number.POSITIVE_INFINITY;
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}
