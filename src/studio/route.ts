import { useHash } from '@mantine/hooks';

interface Route {
  /** The id of a lesson; '' for the list of all; null elsewhere. */
  readonly lesson: string | null;
  readonly gpu: boolean;
  /** The start page, also where a model is open. */
  readonly start: boolean;
}

/**
 * What an address leads to. Addresses stand behind the `#`, so that the studio needs no server: `#/lessons` lists the
 * lessons, `#/lessons/rank` is one, `#/gpu` measures kernels, `#/start` is the start page,
 * everything else is the studio.
 */
export function routeOf(hash: string): Route {
  const lesson = /^#\/lessons(?:\/([\w-]*))?$/.exec(hash);
  return { lesson: lesson ? (lesson[1] ?? '') : null, gpu: hash === GPU_ADDRESS, start: hash === START_ADDRESS };
}

export function useRoute(): Route {
  const [hash] = useHash();
  return routeOf(hash);
}

/** The address of a lesson; without an id that of the list of all lessons. */
export const lessonAddress = (id = ''): string => (id === '' ? '#/lessons' : `#/lessons/${id}`);
export const STUDIO_ADDRESS = '#/';
export const START_ADDRESS = '#/start';
export const GPU_ADDRESS = '#/gpu';
