import type { LongCall } from '../core/progress';
import type { Model } from '../model/model';
import { sessionModelOf } from '../model/write';
import type { OpenOptions, Provider, Runtime, Session } from '../runtime';

interface Opening extends LongCall, OpenOptions {
  /** The runtime's usual one where it is left out. */
  readonly provider?: Provider;
}

/** A session of the model. Whoever opens it releases it. Throws the signal's reason when aborted, as long as none is made. */
export async function openModel(model: Model, runtime: Runtime, options: Opening = {}): Promise<Session> {
  const { provider = runtime.providers[0]!, lean = false, ...call } = options;
  const session = await sessionModelOf(model, runtime.externalData, call);
  call.signal?.throwIfAborted();
  return runtime.open(session, provider, { lean });
}
