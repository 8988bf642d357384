import type { Dropped } from '../files';

/** Files under the folder of the model that was chosen, of all that were dropped together: those that can hold its data. */
export function besideModel(model: Dropped, others: readonly Dropped[]): Dropped[] {
  const inside = (folder: string) =>
    model.folder === '' || folder === model.folder || folder.startsWith(`${model.folder}/`);
  return others.filter(({ folder }) => inside(folder));
}

/** "test.npz", "test.npz and r.json", "a, b and c". */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
