import type { DataFormat } from '../format';
import { isZip, zipOf } from '../signatures';

const holdsArrays = zipOf(/\.npy/);

export const npz: DataFormat = {
  gives: 'data',
  what: 'an .npz with data',
  instead: 'open a model, and this file beside it',
  extensions: ['.npz'],
  noun: 'an .npz',
  explained: 'an .npz file (a zip of NumPy arrays)',
  make: 'save the arrays with numpy.savez',
  help: "An .npz holds arrays named like the model's inputs, samples along the first axis, and may hold labels.",
  // An archive that is called .npz is meant to be one: the reader says what is wrong with it.
  matches: (file) => holdsArrays(file) || (isZip(file) && file.name.toLowerCase().endsWith('.npz')),
  open: async () => (await import('./npz')).readNpz,
};
