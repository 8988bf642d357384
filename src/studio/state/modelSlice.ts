import { engine } from '../engine';
import { userJob } from './jobs';
import { openedState } from './opened';
import { isKept } from './projectsSlice';
import type { ModelSlice, Sample } from './types/model';
import type { Slice } from './types/studio';

export const modelSlice: Slice<ModelSlice> = (set, get) => {
  return {
    model: null,
    data: null,
    samples: [],
    replacement: null,
    sources: { model: [], data: [] },

    async openModel(files) {
      const name = nameOf(files);
      if (!(await isReadable(files)) || !(await mayReplace(name))) return false;
      get().keepNow();
      const opened = await get().runJob('open', `Opening ${name}`, async (job) => {
        const report = await engine.open(files, job);
        // The engine reports changes of it by another port, maybe later than it answers.
        return { report, keeping: await engine.keeping() };
      });
      if (!opened) return false;
      const { report, keeping } = opened;
      const project = keeping.project ?? null;
      set({ ...openedState({ report }), sources: { model: files, data: [] }, keeping, project, readOnly: false });
      get().sayWhereNotKept();
      void get().proposeWhereNone();
      void get().measureSpectra();
      return true;
    },

    async openData(file) {
      const data = await get().runJob('data', `Reading ${file.name}`, (job) => engine.openData(file, job));
      const { sources } = get();
      if (!data) return;
      set({ data, sources: { ...sources, data: [...sources.data, file] } });
      void get().proposeWhereNone();
    },

    async clearData() {
      const data = await get().runJob('data', 'Generating inputs', () => engine.clearData());
      if (!data) return;
      set({ data, sources: { ...get().sources, data: [] } });
      void get().proposeWhereNone();
    },

    async loadSamples() {
      try {
        const response = await fetch('samples/samples.json');
        if (!response.ok) throw new Error(`${response.status}`);
        set({ samples: await response.json() });
      } catch {
        get().notify(
          'warning',
          'The bundled samples could not be loaded: drop a model of your own, or reload the page.',
        );
      }
    },

    openSample: (sample) => get().whileOpening(() => openSampleWithData(sample)),
  };

  async function openSampleWithData(sample: Sample): Promise<void> {
    if (!(await get().started(true))) return;
    // The file of many a sample is called "model.onnx"; the page shows the name of the sample.
    const name = `${sample.id}.onnx`;
    const files = await get().runJob('open', `Loading ${sample.name}`, (_, signal) =>
      Promise.all([
        fetchFile(`samples/${sample.model}`, signal, name),
        ...[sample.data, sample.calibration].flatMap((path) => (path ? [fetchFile(`samples/${path}`, signal)] : [])),
      ]),
    );
    if (!files) return;
    const [model, ...sampleData] = files;
    if (await get().openModel([model])) await get().openBeside({ sampleData });
  }

  /** Whether the files are a model at all, before anybody is asked to give up what is open. */
  async function isReadable(files: readonly File[]): Promise<boolean> {
    if (!losesRuns()) return true;
    const isModel = await get().runJob('open', `Reading ${nameOf(files)}`, async (job) => {
      await engine.check(files, job);
      return true;
    });
    return isModel ?? false;
  }

  /** Whether the open model may be closed. The user is asked only where runs would be lost. */
  async function mayReplace(opening: string): Promise<boolean> {
    get().replacement?.answer(false);
    // A job that runs refuses the new model by itself.
    if (!losesRuns() || userJob(get())) return true;
    return new Promise((resolve) => {
      const answer = (yes: boolean) => {
        set({ replacement: null });
        resolve(yes);
      };
      set({ replacement: { opening, answer } });
    });
  }

  /** Kept runs are on the start page when another model is open. */
  function losesRuns(): boolean {
    return get().runs.length > 0 && !isKept(get());
  }
};

function nameOf(files: readonly File[]): string {
  return (files.find(({ name }) => name.toLowerCase().endsWith('.onnx')) ?? files[0]).name;
}

async function fetchFile(
  address: string,
  signal: AbortSignal,
  name = address.slice(address.lastIndexOf('/') + 1),
): Promise<File> {
  const response = await fetch(address, { signal });
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status}): reload the page and try again.`);
  return new File([await response.blob()], name);
}
