import type { LongCall } from '../core/progress';
import type { Model } from '../model/model';
import { sessionModelOf } from '../model/write';
import type { DeviceSession, OpenOptions, Provider, Runtime } from '../runtime';

interface Opening extends LongCall, OpenOptions {
  /** The runtime's usual one where it is left out. */
  readonly provider?: Provider;
}

/**
 * A session of the model. Whoever opens it releases it. Throws the signal's reason when aborted, as long as none is
 * made.
 */
export async function openModel(model: Model, runtime: Runtime, options: Opening = {}): Promise<DeviceSession> {
  const { provider = runtime.providers[0]!, lean, deviceOutputs, ...call } = options;
  const session = await sessionModelOf(model, runtime.externalData, call);
  call.signal?.throwIfAborted();
  return runtime.open(session, provider, { ...(lean && { lean }), ...(deviceOutputs && { deviceOutputs }) });
}
