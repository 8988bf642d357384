import { engine } from '../engine';
import { classifyFiles, type Dropped, dropped } from '../files';
import { isBusy, sentence } from './jobs';
import { besideModel, listed } from './opening';
import { worthCompressing } from './recipe';
import type { ModelSlice } from './types/model';
import type { Slice } from './types/studio';

const MOST_DATA = 2;

export const modelSlice: Slice<ModelSlice> = (set, get) => {
  return {
    model: null,
    data: null,
    samples: [],
    replacement: null,
    choice: null,
    sources: null,
    waiting: [],

    openFiles: (files) => get().openDropped(files.map(dropped)),

    async openDropped(files) {
      if (files.length === 0 || !(await startedOrSaid())) return;
      const { models, others, data, recipes } = await classifyFiles(files);
      const rest = [...data, ...recipes];
      const model = models.length > 1 ? await chosen(models) : (models[0] ?? (await stranger(others, rest)));
      // Several models, and none was chosen.
      if (model === null) return;
      if (!model) {
        if (get().model) await openRest(data, recipes);
        else if (rest.length > 0) keep(rest);
        else say(`${listed([...new Set(files.map(({ folder }) => folder.split('/')[0]!))])} holds no .onnx file.`);
        return;
      }
      const together = [
        model,
        ...besideModel(
          model,
          others.filter((one) => one !== model),
        ),
      ].map(({ file }) => file);
      const name = model.file.name;
      if ((await isModel(together)) && (await mayReplace(name)) && (await open(together))) {
        const kept = await classifyFiles(get().waiting.map(dropped));
        set({ waiting: [] });
        await openRest([...kept.data, ...data], [...kept.recipes, ...recipes]);
      } else if (!get().model && rest.length > 0) keep(rest);
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
      const files = await get().runJob('open', `Loading ${sample.name}`, (_, signal) =>
        Promise.all([
          fetchFile(`samples/${sample.model}`, signal, name),
          ...[sample.data, sample.calibration].flatMap((path) => (path ? [fetchFile(`samples/${path}`, signal)] : [])),
        ]),
      );
      if (!files) return;
      const [model, ...data] = files;
      if (!(await open([model]))) return;
      const kept = await classifyFiles(get().waiting.map(dropped));
      set({ waiting: [] });
      await openRest([...data, ...kept.data].slice(-MOST_DATA), kept.recipes);
    },

    async clearData() {
      const data = await get().runJob('data', 'Generating inputs', () => engine.clearData());
      const { sources } = get();
      if (data) set({ data, sources: sources && { ...sources, data: [] } });
    },
  };

  /** Which of several models is opened; null where none was chosen. */
  function chosen(models: readonly Dropped[]): Promise<Dropped | null> {
    get().choice?.answer(null);
    return new Promise((resolve) => {
      const answer = (index: number | null) => {
        set({ choice: null });
        resolve(index === null ? null : models[index]!);
      };
      set({ choice: { models, answer } });
    });
  }

  /**
   * Without an .onnx file, what the model reader is asked about, so that it says by the bytes what that is: what was dropped
   * itself, or the largest file of a folder without data or recipes, which holds weights if any does.
   */
  async function stranger(others: readonly Dropped[], rest: readonly File[]): Promise<Dropped | undefined> {
    const own = others.find(({ folder }) => folder === '');
    if (own || rest.length > 0) return own;
    return others.toSorted((a, b) => b.file.size - a.file.size)[0];
  }

  /** Data and recipes that came before their model. */
  function keep(files: readonly File[]): void {
    const names = new Set(files.map(({ name }) => name));
    const waiting = [...get().waiting.filter(({ name }) => !names.has(name)), ...files];
    set({ waiting });
    const isOne = waiting.length === 1;
    get().notify(
      'info',
      `${listed(waiting.map(({ name }) => name))} ${isOne ? 'is' : 'are'} kept: open a model, and ${isOne ? 'it is' : 'they are'} opened with it.`,
    );
  }

  function say(text: string): void {
    get().notify('error', `${text.replace(/\.$/, '')}: open one, or export the model to ONNX first.`);
  }

  /** Files may arrive while the engine starts: they wait for it. */
  async function startedOrSaid(): Promise<boolean> {
    if (await get().started()) return true;
    get().notify('error', 'The engine did not start, so nothing can be opened: reload the page to try again.');
    return false;
  }

  /** Whether it can be opened at all, before anybody is asked to let go of what is open; where nothing is lost, `open` tells. */
  async function isModel(files: readonly File[]): Promise<boolean> {
    if (get().runs.length === 0) return true;
    const read = await get().runJob('open', `Reading ${nameOf(files)}`, async (job) => {
      await engine.check(files, job);
      return true;
    });
    return read ?? false;
  }

  /** Whether the open model, with the runs it has, may go. Asked of the user only where there is something to lose. */
  async function mayReplace(opening: string): Promise<boolean> {
    const { runs, replacement } = get();
    replacement?.answer(false);
    // What runs now refuses the new model by itself.
    if (runs.length === 0 || isBusy(get())) return true;
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
      get().notify(
        'warning',
        `${file.name} was not opened: at most ${MOST_DATA} data files are open at once, one with labels and one for calibration.`,
      );
    for (const file of recipes) await openRecipe(file);
  }

  async function open(files: readonly File[]): Promise<boolean> {
    const model = await get().runJob('open', `Opening ${nameOf(files)}`, (job) => engine.open(files, job));
    if (!model) return false;
    const worthwhile = worthCompressing(model.layers);
    set({
      model,
      sources: { model: files, data: [] },
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
      lastRun: 0,
      lostRuns: new Set(),
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
    const data = await get().runJob('data', `Reading ${file.name}`, (job) => engine.openData(file, job));
    const { sources } = get();
    if (data) set({ data, sources: sources && { ...sources, data: [...sources.data, file] } });
  }

  async function openRecipe(file: File): Promise<void> {
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
