import { engine } from '../engine';
import { route } from '../files';
import { runJob, sentence } from './jobs';
import { worthCompressing } from './recipe';
import type { ModelSlice, Slice } from './types';

export const modelSlice: Slice<ModelSlice> = (set, get) => {
  return {
    model: null,
    data: null,
    samples: [],

    async openFiles(files) {
      const { model, data, recipes } = await route(files);
      if (model.length > 0 && !(await open(model))) return;
      if (data.length > 1) get().notify('warning', `Only ${data[0].name} was opened: one data file at a time.`);
      if (data.length > 0) await openData(data[0]);
      for (const file of recipes) await openRecipe(file);
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
      const files = await runJob(set, get, 'open', `Loading ${sample.name}`, () =>
        Promise.all([
          // Many a sample's file is called "model.onnx"; on the page it goes by what it is.
          fetchFile(`samples/${sample.model}`, `${sample.id}.onnx`),
          ...(sample.data ? [fetchFile(`samples/${sample.data}`)] : []),
        ]),
      );
      if (files) await get().openFiles(files);
    },

    async clearData() {
      const data = await runJob(set, get, 'data', 'Generating inputs', () => engine.clearData());
      if (data) set({ data });
    },
  };

  async function open(files: readonly File[]): Promise<boolean> {
    const name = files.find((file) => file.name.toLowerCase().endsWith('.onnx'))?.name ?? files[0].name;
    const model = await runJob(set, get, 'open', `Opening ${name}`, (job) => engine.open(files, job));
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
      budgets: new Map(),
      included: new Set(worthwhile),
      fixedRecipe: null,
      runs: [],
      currentRun: null,
    });
    for (const warning of model.warnings) get().notify('warning', warning);
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
      get().notify('error', `${file.name} is no JSON (${sentence(error)}): export a recipe to see its form.`);
      return;
    }
    await get().applyRecipe(recipe, file.name);
  }
};

async function fetchFile(address: string, name = address.slice(address.lastIndexOf('/') + 1)): Promise<File> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${name} could not be loaded (${response.status}): reload the page and try again.`);
  return new File([await response.blob()], name);
}
