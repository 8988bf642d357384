import type { Notice } from './types';

/** More would cover what they speak of. */
const MOST_NOTICES = 3;

/** The newest ones; an error gives way only to other errors. */
export function newest(notices: readonly Notice[]): readonly Notice[] {
  if (notices.length <= MOST_NOTICES) return notices;
  const oldest = notices.slice(0, -1).find(({ tone }) => tone !== 'error') ?? notices[0];
  return newest(notices.filter((notice) => notice !== oldest));
}
