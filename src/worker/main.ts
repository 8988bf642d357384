import '../noEval';
import * as Comlink from 'comlink';
import { dataFileNoun } from '../engine/formats/formats';
import { Project } from '../engine/project/project';
import { webRuntime } from '../runtime/web';
import './transfer';
import { indexedDbStore } from './tuningStore';

// The page calls at once; calls made while the runtime is found wait for it.
const project = webRuntime().then(
  (runtime) =>
    new Project(runtime, {
      tuning: indexedDbStore(),
      remedy: `open ${dataFileNoun()} at the step or at "data" above`,
    }),
);
const target = new Proxy({} as Project, {
  get:
    (_, name: keyof Project) =>
    async (...args: never[]) => {
      const ready = await project;
      return (ready[name] as (...args: never[]) => unknown).apply(ready, args);
    },
});

Comlink.expose(target);
