/** The last part of a path, whichever way its folders are written. */
export const fileNameOf = (path: string): string => path.split(/[/\\]/).pop() ?? path;

/**
 * Why the data file at `location` is not in the model's folder or below it, as the end of a sentence; undefined where
 * it is. ONNX asks for a relative path without "..". With another path, a model could read any file of its user and
 * write it into the result. Windows paths are checked on every system, since models move between systems.
 */
export function whyOutside(location: string): string | undefined {
  if (location === '') return 'names no file';
  if (location.includes('\0')) return 'is no name of a file';
  if (/^[/\\]/.test(location) || /^[A-Za-z]:/.test(location)) return 'is not below the folder of the model';
  const parts = location.split(/[/\\]/);
  if (parts.includes('..')) return 'leads out of the folder of the model';
  if (['', '.'].includes(parts.at(-1)!)) return 'names a folder';
  return undefined;
}
