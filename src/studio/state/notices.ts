import type { Notice, NoticeSlice } from './types/notices';

/** More would cover what they speak of. */
const MOST_NOTICES = 3;

/** The newest ones; an error gives way only to other errors. */
export function newest(notices: readonly Notice[]): readonly Notice[] {
  if (notices.length <= MOST_NOTICES) return notices;
  const oldest = notices.slice(0, -1).find(({ tone }) => tone !== 'error') ?? notices[0];
  return newest(notices.filter((notice) => notice !== oldest));
}

/** The number of the last notice there was; 0 where there is none. */
export const latest = ({ notices }: Pick<NoticeSlice, 'notices'>): number =>
  notices.reduce((last, { id }) => Math.max(last, id), 0);

/** The errors up to notice `last` are past: what came later speaks of what failed just now. */
export const gone = (notices: readonly Notice[], last: number): readonly Notice[] =>
  notices.map((notice) => (notice.tone === 'error' && notice.id <= last ? { ...notice, past: true } : notice));
