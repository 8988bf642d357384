import type { InferenceSession, InferenceSessionFactory, Tensor, TensorConstructor } from 'onnxruntime-common';
import { BrokenRuntimeError, UserError } from '../engine/core/errors';
import type {
  DeviceSession,
  DeviceTensor,
  Feeds,
  HostTensor,
  OpenOptions,
  Provider,
  RunOptions,
  Runtime,
  SessionModel,
} from '../engine/runtime';
import { isBroken, readableMessage } from './messages';
import { Mutex } from './mutex';
import { fromOrt, KeptTensor, toOrt } from './tensors';

/** What onnxruntime-node and onnxruntime-web have in common. */
export interface OrtApi {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** Calls `create`, which makes a session, and returns what it returns. */
export type AroundCreate = <T>(create: () => Promise<T>) => Promise<T>;

export interface RuntimeParts {
  readonly name: string;
  readonly providers: readonly Provider[];
  readonly externalData: boolean;
  /** Loads the package; called once, when the first session is opened. */
  load(): Promise<OrtApi>;
  readonly around?: AroundCreate;
}

// Two overlapping calls on the native WebGPU provider never settle, whichever sessions they belong to: all sessions
// of a page share one WASM heap. So the lock is the module's, not the runtime's.
const lock = new Mutex();

/** Fatal only. Errors are thrown; what onnxruntime would print beside them is noise on the user's terminal. */
const SILENT = 4;

/** A `Runtime` on one of onnxruntime's packages. Create, run and release never overlap. */
export function createRuntime({
  name,
  providers,
  externalData,
  load,
  around = (create) => create(),
}: RuntimeParts): Runtime {
  let loading: Promise<OrtApi> | undefined;
  const loaded = () => {
    loading ??= load().catch((error) => {
      loading = undefined;
      throw new UserError(`onnxruntime could not be loaded: ${readableMessage(error)}.`, { cause: error });
    });
    return loading;
  };

  return {
    name,
    providers,
    externalData,
    async open(model, provider, options) {
      if (!providers.includes(provider)) {
        throw new UserError(`${name} has no "${provider}" provider here; choose ${providers.join(' or ')}.`);
      }
      const ort = await loaded();
      const session = await lock.run(() =>
        around(() =>
          ort.InferenceSession.create(model.bytes, sessionOptions(model, provider, options)).catch(failed('open')),
        ),
      );
      // onnxruntime's JavaScript collects outputs in an object, in which this name means something else.
      if (session.outputNames.includes('__proto__')) {
        await lock.run(() => session.release());
        throw new UserError('onnxruntime cannot run this model here: it has an output called "__proto__"; rename it.');
      }
      return wrap(session, ort.Tensor, options?.deviceOutputs ?? []);
    },
  };
}

interface Fetching extends RunOptions {
  readonly keepOnDevice?: readonly string[];
}

function wrap(session: InferenceSession, Tensor: TensorConstructor, deviceOutputs: readonly string[]): DeviceSession {
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: run as DeviceSession['run'],
    release: () => lock.run(() => session.release()),
  };

  async function run(feeds: Feeds, { fetches = session.outputNames, keepOnDevice = [] }: Fetching = {}) {
    const unknown = keepOnDevice.find((name) => !deviceOutputs.includes(name) || !fetches.includes(name));
    if (unknown !== undefined)
      throw new Error(`"${unknown}" is not among the outputs that were fetched and may stay on the device.`);
    return lock.run(async () => {
      const fed = Object.fromEntries(
        Object.entries(feeds).map(([name, tensor]) => [
          name,
          tensor instanceof KeptTensor ? tensor.tensor : toOrt(Tensor, tensor as HostTensor),
        ]),
      );
      return fetched(fed, fetches, keepOnDevice).catch(failed('run'));
    });
  }

  async function fetched(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    keepOnDevice: readonly string[],
  ): Promise<Record<string, HostTensor | DeviceTensor>> {
    // A run has a log level of its own; the web's build prints its errors otherwise.
    const results = await session.run(feeds, fetches, { logSeverityLevel: SILENT });
    const outputs: [name: string, tensor: HostTensor | DeviceTensor][] = [];
    for (const [name, value] of Object.entries(results) as [string, Tensor][]) {
      if (keepOnDevice.includes(name)) {
        outputs.push([name, new KeptTensor(name, value, lock)]);
        continue;
      }
      outputs.push([name, await fromOrt(name, value)]);
      // What was copied from the GPU is still there.
      if (deviceOutputs.includes(name)) value.dispose();
    }
    return Object.fromEntries(outputs);
  }
}

function sessionOptions(
  model: SessionModel,
  provider: Provider,
  { lean = false, deviceOutputs = [] }: OpenOptions = {},
): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    logSeverityLevel: SILENT,
    // Without it a blocked DequantizeLinear before a MatMul may be fused to int8 activations: error 5e−3, not 6e−7.
    extra: {
      session: { qdq_matmulnbits_accuracy_level: '0', ...(lean && { disable_prepacking: '1' }) },
      ...(lean && { optimization: { disable_specified_optimizers: 'ConstantFolding' } }),
    },
    ...(lean && { enableCpuMemArena: false, enableMemPattern: false }),
    ...(provider === 'webgpu' &&
      deviceOutputs.length > 0 && {
        preferredOutputLocation: Object.fromEntries(deviceOutputs.map((name) => [name, 'gpu-buffer' as const])),
      }),
    ...(model.externalData.length > 0 && { externalData: [...model.externalData] }),
  };
}

function failed(verb: 'open' | 'run'): (error: unknown) => never {
  return (error) => {
    if (error instanceof UserError) throw error;
    const Kind = isBroken(error) ? BrokenRuntimeError : UserError;
    throw new Kind(`onnxruntime cannot ${verb} this model: ${readableMessage(error)}.`, { cause: error });
  };
}
