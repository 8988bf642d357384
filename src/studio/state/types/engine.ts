import type { EngineReport, Provider } from '../../../engine/page/light';

export interface EngineSlice {
  readonly engine: EngineReport | null;
  /** What `evaluate` runs on. */
  readonly provider: Provider;
  /** The backend that the user asked for, if any. */
  readonly preferred: 'gpu' | 'cpu' | undefined;
  start(preferred?: 'gpu' | 'cpu'): Promise<void>;
  /** Waits until the engine has started, and resolves to whether it has. `say` leaves a notice where it has not. */
  started(say?: boolean): Promise<boolean>;
  setProvider(provider: Provider): void;
}

export interface RestartSlice {
  /** The engine is being replaced: nothing is measured meanwhile. */
  readonly restarting: boolean;
  /** Replaces the engine, whatever it is doing, and opens again what was open. `why` is a whole sentence for the notice. */
  restart(why: string): Promise<void>;
  /** The same, for a job that does not stop when it is cancelled. */
  stopNow(): Promise<void>;
}
