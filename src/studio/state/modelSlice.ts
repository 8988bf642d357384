import { engine } from '../engine';
import { route } from '../files';
import { runJob, sentence } from './jobs';
import { worthCompressing } from './recipe';
import type { ModelSlice, Slice } from './types';

const MOST_DATA = 2;

export const modelSlice: Slice<ModelSlice> = (set, get) => {
  return {
    model: null,
    data: null,
    samples: [],
    replacement: null,

    async openFiles(files) {
      if (files.length === 0 || !(await startedOrSaid())) return;
      const { model, data, recipes } = await route(files);
      if (model.length > 0 && !((await isModel(model)) && (await mayReplace(nameOf(model))) && (await open(model))))
        return;
      await openRest(data, recipes);
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

    async openSample(sample) {
      if (!(await startedOrSaid())) return;
      // Many a sample's file is called "model.onnx"; on the page it goes by what it is.
      const name = `${sample.id}.onnx`;
      if (!(await mayReplace(name))) return;
      const files = await runJob(set, get, 'open', `Loading ${sample.name}`, (_, signal) =>
        Promise.all([
          fetchFile(`samples/${sample.model}`, signal, name),
          ...[sample.data, sample.calibration].flatMap((path) => (path ? [fetchFile(`samples/${path}`, signal)] : [])),
        ]),
      );
      if (!files) return;
      const [model, ...data] = files;
      if (await open([model])) await openRest(data, []);
    },

    async clearData() {
      const data = await runJob(set, get, 'data', 'Generating inputs', () => engine.clearData());
      if (data) set({ data });
    },
  };

  /** Files may arrive while the engine starts: they wait for it. */
  async function startedOrSaid(): Promise<boolean> {
    if (await get().started()) return true;
    get().notify('error', 'The engine did not start, so nothing can be opened: reload the page to try again.');
    return false;
  }

  /** Whether it can be opened at all, before anybody is asked to let go of what is open; where nothing is lost, `open` tells. */
  async function isModel(files: readonly File[]): Promise<boolean> {
    if (get().runs.length === 0) return true;
    const read = await runJob(set, get, 'open', `Reading ${nameOf(files)}`, async (job) => {
      await engine.check(files, job);
      return true;
    });
    return read ?? false;
  }

  /** Whether the open model, with the runs it has, may go. Asked of the user only where there is something to lose. */
  async function mayReplace(opening: string): Promise<boolean> {
    const { runs, job, replacement } = get();
    replacement?.answer(false);
    // What runs now refuses the new model by itself.
    if (runs.length === 0 || job) return true;
    return new Promise((resolve) => {
      const answer = (yes: boolean) => {
        set({ replacement: null });
        resolve(yes);
      };
      set({ replacement: { opening, answer } });
    });
  }

  async function openRest(data: readonly File[], recipes: readonly File[]): Promise<void> {
    // One to evaluate on, one to calibrate on; the engine tells them apart by their labels.
    for (const file of data.slice(0, MOST_DATA)) await openData(file);
    for (const file of data.slice(MOST_DATA))
      get().notify('warning', `${file.name} was not opened: labelled data and data for calibration make ${MOST_DATA}.`);
    for (const file of recipes) await openRecipe(file);
  }

  async function open(files: readonly File[]): Promise<boolean> {
    const model = await runJob(set, get, 'open', `Opening ${nameOf(files)}`, (job) => engine.open(files, job));
    if (!model) return false;
    const worthwhile = worthCompressing(model.layers);
    set({
      model,
      data: null,
      selection: worthwhile,
      filter: '',
      spectra: new Map(),
      unmeasured: new Map(),
      spectraPaused: false,
      stacks: new Map(),
      settings: {},
      step: 0,
      trial: null,
      trains: new Map(),
      included: new Set(worthwhile),
      fixedRecipe: null,
      past: [],
      future: [],
      runs: [],
      ranStacks: new Map(),
      currentRun: null,
      exports: new Map(),
      // What was said before was about another model, or about none.
      notices: [],
    });
    void get().measureSpectra();
    return true;
  }

  async function openData(file: File): Promise<void> {
    if (!get().model) {
      get().notify('error', `Open a model first: ${file.name} is data for one.`);
      return;
    }
    const data = await runJob(set, get, 'data', `Reading ${file.name}`, () => engine.openData(file));
    if (data) set({ data });
  }

  async function openRecipe(file: File): Promise<void> {
    if (!get().model) {
      get().notify('error', `Open a model first: ${file.name} is a recipe for one.`);
      return;
    }
    let recipe: unknown;
    try {
      recipe = JSON.parse(await file.text());
    } catch (error) {
      get().notify('error', `${file.name} is not JSON (${sentence(error)}): export a recipe to see its form.`);
      return;
    }
    if (!(await get().applyRecipe(recipe, file.name))) return;
    const { included } = get();
    get().notify(
      'info',
      `${file.name} was taken over: ${included.size === 1 ? 'one layer' : `${included.size} layers`}.`,
    );
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
