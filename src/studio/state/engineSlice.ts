import { engine } from '../engine';
import { runJob } from './jobs';
import type { EngineSlice, Slice } from './types';

export const engineSlice: Slice<EngineSlice> = (set, get) => ({
  engine: null,
  provider: 'wasm',
  async start(preferred) {
    const report = await runJob(set, get, 'start', 'Starting the engine', () => engine.start(preferred));
    if (!report) return;
    const { provider } = get();
    set({ engine: report, provider: report.providers.includes(provider) ? provider : report.providers[0] });
  },
  setProvider(provider) {
    set({ provider });
  },
});
