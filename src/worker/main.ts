import '../noEval';
import * as Comlink from 'comlink';
import { dataFileNoun } from '../engine/formats/formats';
import { KeptProject } from '../engine/project/keptProject';
import { privateFiles } from '../engine/store/privateFiles';
import { Store } from '../engine/store/store';
import { webRuntime } from '../runtime/web';
import './transfer';
import { indexedDbStore } from './tuningStore';

// The page calls at once; calls made while the runtime is found wait for it.
const project = Promise.all([webRuntime(), privateFiles()]).then(
  ([runtime, files]) =>
    new KeptProject(runtime, files && new Store(files), {
      tuning: indexedDbStore(),
      remedy: `open ${dataFileNoun()} at the step or at "data" above`,
    }),
);
const target = new Proxy({} as KeptProject, {
  get:
    (_, name: keyof KeptProject) =>
    async (...args: never[]) => {
      const ready = await project;
      return (ready[name] as (...args: never[]) => unknown).apply(ready, args);
    },
});

Comlink.expose(target);
