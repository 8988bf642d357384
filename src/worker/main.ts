import '../noEval';
import * as Comlink from 'comlink';
import { webRuntime } from '../runtime/web';
import { StudioEngine } from './engine';
import './transfer';

// The page calls at once; calls made while the runtime is found wait for it.
const engine = webRuntime().then((runtime) => new StudioEngine(runtime));
const target = new Proxy({} as StudioEngine, {
  get:
    (_, name: keyof StudioEngine) =>
    async (...args: never[]) => {
      const ready = await engine;
      return (ready[name] as (...args: never[]) => unknown).apply(ready, args);
    },
});

Comlink.expose(target);
