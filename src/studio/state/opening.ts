import type { Dropped } from '../files';

/** The dropped files that can hold the model's weights: those in its folder and in the folders below. */
export function besideModel(model: Dropped, others: readonly Dropped[]): Dropped[] {
  const inside = (folder: string) =>
    model.folder === '' || folder === model.folder || folder.startsWith(`${model.folder}/`);
  return others.filter(({ folder }) => inside(folder));
}

/** "test.npz", "test.npz and r.json", "a, b and c". */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
