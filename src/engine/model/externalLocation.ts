/** The last part of a path, whichever way its folders are written. */
export const fileNameOf = (path: string): string => path.split(/[/\\]/).pop() ?? path;

/**
 * Why the data file that a model calls `location` is not one in the model's folder or below, as the end of a sentence;
 * undefined where it is. ONNX asks for a relative path without "..": with another one, a model could have any file of its
 * user read, and written into what is made of it. Paths of Windows count everywhere, since models travel.
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
