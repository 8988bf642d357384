import type { EngineReport, Provider } from '../../../engine/page/light';

export interface EngineSlice {
  readonly engine: EngineReport | null;
  /** What `evaluate` runs on. */
  readonly provider: Provider;
  /** The backend that the user asked for, if any. */
  readonly preferred: 'gpu' | 'cpu' | undefined;
  start(preferred?: 'gpu' | 'cpu'): Promise<void>;
  /** Resolves when a start under way has ended: to whether there is an engine. */
  started(): Promise<boolean>;
  setProvider(provider: Provider): void;
}

export interface RestartSlice {
  /** The engine is being replaced: nothing is measured meanwhile. */
  readonly restarting: boolean;
  /** Runs whose figures are here, but whose compressed model went with an engine that was replaced. */
  readonly lostRuns: ReadonlySet<number>;
  /** Replaces the engine, whatever it is doing, and opens again what was open; tells so after `why`, a whole sentence. */
  restart(why: string): Promise<void>;
  /** The same for what runs now and does not hear Cancel. */
  stopNow(): Promise<void>;
}
