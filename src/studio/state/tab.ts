/** What this tab remembers by itself. It survives a reload, but neither the closing of the tab nor the browser's. */
const PROJECT = 'carrara.project';
const UNKEPT = 'carrara.unkept';

/** Id of the project that this tab has open. */
export const tabsProject = (): string | null => read(PROJECT);

export function setTabsProject(id: string | null): void {
  write(PROJECT, id);
}

/** Remembers the page's part of a project that the engine could not be given any more: the page is being closed. */
export function rememberUnkept(project: string, page: unknown): void {
  write(UNKEPT, JSON.stringify({ project, page }));
}

/** The engine has been given a newer part. */
export function forgetUnkept(): void {
  write(UNKEPT, null);
}

/** The remembered part, once. It is newer than what the project keeps. */
export function takeUnkept(project: string): unknown {
  const text = read(UNKEPT);
  forgetUnkept();
  if (text === null) return undefined;
  const unkept = JSON.parse(text) as { readonly project: string; readonly page: unknown };
  return unkept.project === project ? unkept.page : undefined;
}

// A browser may deny storage to the page, or have none left: then a reload begins anew.

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // As above.
  }
}
