import { useHash } from '@mantine/hooks';

/** Addresses behind the `#`, so that the studio needs no server: `#/lessons/rank` is a lesson, all else the studio. */
export function useRoute(): { readonly lesson: string | null } {
  const [hash] = useHash();
  const lesson = /^#\/lessons\/([\w-]+)$/.exec(hash);
  return { lesson: lesson ? lesson[1] : null };
}

export const lessonAddress = (id: string): string => `#/lessons/${id}`;
export const STUDIO_ADDRESS = '#/';
