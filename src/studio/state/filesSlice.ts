import { classifyFiles, type Dropped, dropped } from '../files';
import { sentence } from './jobs';
import { besideModel, listed } from './opening';
import type { FilesSlice } from './types/model';
import type { Slice } from './types/studio';

/** One file to evaluate on, and one to calibrate on. The engine tells them apart by their labels. */
const MOST_DATA = 2;

export const filesSlice: Slice<FilesSlice> = (set, get) => {
  /** Resolves when all files that were given so far are open, or were refused. */
  let settled: Promise<unknown> = Promise.resolve();
  return {
    choice: null,
    waiting: [],
    opening: 0,

    openFiles: (files) => get().openDropped(files.map(dropped)),

    openDropped(files) {
      const before = settled;
      const opened = get().whileOpening(async () => openAfter(await files, before));
      settled = Promise.allSettled([before, opened]);
      return opened;
    },

    async whileOpening(open) {
      set({ opening: get().opening + 1 });
      try {
        return await open();
      } finally {
        set({ opening: get().opening - 1 });
      }
    },

    async openBeside({ data = [], recipes = [], sampleData = [] }) {
      const waiting = await classifyFiles(get().waiting.map(dropped));
      set({ waiting: [] });
      const given = [...waiting.data, ...data];
      const room = Math.max(0, MOST_DATA - given.length);
      const fill = sampleData.slice(Math.max(0, sampleData.length - room));
      // A newer recipe replaces one that waited for the model.
      await openRest([...fill, ...given], recipes.length > 0 ? recipes : waiting.recipes.slice(-1));
    },
  };

  /** Data and recipes wait until `before` is settled: they may have been dropped right after their model. */
  async function openAfter(files: readonly Dropped[], before: Promise<unknown>): Promise<void> {
    if (files.length === 0 || !(await get().started(true))) return;
    const { models, others, data, recipes } = await classifyFiles(files);
    const rest = [...data, ...recipes];
    const model = models.length > 1 ? await choose(models) : (models[0] ?? unknownModel(others, rest));
    // There were several models, and none was chosen.
    if (model === null) return;
    if (!model) {
      await before;
      if (get().model) await openRest(data, recipes);
      else if (rest.length > 0) keepForModel(rest);
      else say(`${listed([...new Set(files.map(({ folder }) => folder.split('/')[0]!))])} holds no .onnx file.`);
      return;
    }
    const beside = besideModel(
      model,
      others.filter((one) => one !== model),
    );
    const opened = await get().openModel([model, ...beside].map(({ file }) => file));
    if (opened) await get().openBeside({ data, recipes });
    else if (!get().model && rest.length > 0) keepForModel(rest);
  }

  /** Which of several models is opened; null where none was chosen. */
  function choose(models: readonly Dropped[]): Promise<Dropped | null> {
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
   * Without an .onnx file: the file that the model reader is given, so that it says what the file is. That is a file that
   * was dropped by itself, or the largest file of a folder without data or recipes: it holds the weights if any does.
   */
  function unknownModel(others: readonly Dropped[], rest: readonly File[]): Dropped | undefined {
    const single = others.find(({ folder }) => folder === '');
    if (single || rest.length > 0) return single;
    return others.toSorted((a, b) => b.file.size - a.file.size)[0];
  }

  /** Keeps data and recipes that came before their model. */
  function keepForModel(files: readonly File[]): void {
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

  async function openRest(data: readonly File[], recipes: readonly File[]): Promise<void> {
    for (const file of data.slice(0, MOST_DATA)) await get().openData(file);
    for (const file of data.slice(MOST_DATA))
      get().notify(
        'warning',
        `${file.name} was not opened: at most ${MOST_DATA} data files are open at once, one with labels and one for calibration.`,
      );
    for (const file of recipes) await openRecipe(file);
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
