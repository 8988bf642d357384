import { useHash } from '@mantine/hooks';

/** Addresses behind the `#`, so that the studio needs no server: `#/lessons/rank` is a lesson, `#/gpu` measures, all else is the studio. */
export function useRoute(): { readonly lesson: string | null; readonly gpu: boolean } {
  const [hash] = useHash();
  const lesson = /^#\/lessons\/([\w-]+)$/.exec(hash);
  return { lesson: lesson ? lesson[1] : null, gpu: hash === GPU_ADDRESS };
}

export const lessonAddress = (id: string): string => `#/lessons/${id}`;
export const STUDIO_ADDRESS = '#/';
export const GPU_ADDRESS = '#/gpu';
