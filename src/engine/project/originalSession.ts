import type { LongCall } from '../core/progress';
import type { Provider, Session } from '../runtime';

/** The original's session, kept from one evaluation to the next; one at a time. */
export class OriginalSession {
  #kept: { readonly provider: Provider; readonly session: Promise<Session> } | undefined;

  constructor(private readonly open: (provider: Provider, call: LongCall) => Promise<Session>) {}

  /** On another provider than the last one it is opened anew. */
  async on(provider: Provider, call: LongCall): Promise<Session> {
    if (this.#kept?.provider !== provider) {
      await this.release();
      const kept = { provider, session: this.open(provider, call) };
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
