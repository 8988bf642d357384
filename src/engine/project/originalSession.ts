import type { LongCall } from '../core/progress';
import type { Model } from '../model/model';
import type { Provider, Runtime, Session } from '../runtime';

/** A session for a comparison: it computes the same as the file would, and takes less memory. */
export async function openCompared(
  model: Model,
  runtime: Runtime,
  provider: Provider,
  { signal, onProgress }: LongCall,
): Promise<Session> {
  const { openFolded } = await import('../evaluation/foldedSession');
  // The runtime makes a session in one step and reports nothing meanwhile.
  onProgress?.({ done: 0, total: 0, label: `Loading ${model.name} into onnxruntime` });
  return openFolded(model, runtime, provider, { signal });
}

/** The original's session, kept from one evaluation to the next; one at a time. */
export class OriginalSession {
  #kept: { readonly provider: Provider; readonly session: Promise<Session> } | undefined;

  constructor(
    private readonly model: Model,
    private readonly runtime: Runtime,
  ) {}

  /** The session on this provider. One on another provider is released first. */
  async on(provider: Provider, call: LongCall): Promise<Session> {
    if (this.#kept?.provider !== provider) {
      await this.release();
      const kept = { provider, session: openCompared(this.model, this.runtime, provider, call) };
      this.#kept = kept;
      kept.session.catch(() => {
        if (this.#kept === kept) this.#kept = undefined;
      });
    }
    return this.#kept!.session;
  }

  async release(): Promise<void> {
    const session = this.#kept?.session;
    this.#kept = undefined;
    await session?.then(
      (open) => open.release(),
      () => undefined,
    );
  }
}
