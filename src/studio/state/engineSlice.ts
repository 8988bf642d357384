import type { EngineReport } from '../../engine/page/light';
import { callback, engine } from '../engine';
import type { EngineSlice } from './types/engine';
import type { Slice, Studio } from './types/studio';

/** Starts the engine of a new worker, and listens to what it keeps. */
export async function startEngine(get: () => Studio, preferred: EngineSlice['preferred']): Promise<EngineReport> {
  const report = await engine.start(preferred);
  await engine.onKeeping(callback((keeping) => get().keepingChanged(keeping)));
  return report;
}

export const engineSlice: Slice<EngineSlice> = (set, get) => {
  let starting: Promise<void> = Promise.resolve();
  return {
    engine: null,
    provider: 'wasm',
    preferred: undefined,
    start(preferred) {
      set({ preferred });
      starting = start(preferred);
      return starting;
    },
    async started(say = false) {
      await starting;
      const isStarted = get().engine !== null;
      if (!isStarted && say)
        get().notify('error', 'The engine did not start, so nothing can be opened: reload the page to try again.');
      return isStarted;
    },
    setProvider(provider) {
      set({ provider });
    },
  };

  async function start(preferred?: 'gpu' | 'cpu'): Promise<void> {
    const report = await get().runJob('start', 'Starting the engine', () => startEngine(get, preferred));
    if (!report) return;
    const { provider } = get();
    set({ engine: report, provider: report.providers.includes(provider) ? provider : report.providers[0] });
  }
};
