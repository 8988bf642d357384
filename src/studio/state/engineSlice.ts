import { engine } from '../engine';
import type { EngineSlice } from './types/engine';
import type { Slice } from './types/studio';

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
    async started() {
      await starting;
      return get().engine !== null;
    },
    setProvider(provider) {
      set({ provider });
    },
  };

  async function start(preferred?: 'gpu' | 'cpu'): Promise<void> {
    const report = await get().runJob('start', 'Starting the engine', () => engine.start(preferred));
    if (!report) return;
    const { provider } = get();
    set({ engine: report, provider: report.providers.includes(provider) ? provider : report.providers[0] });
  }
};
