import type { Notice, NoticeSlice } from './types/notices';
import type { Slice } from './types/studio';

/** More notices would cover what they are about. */
const MOST_NOTICES = 3;

let count = 0;

export const noticeSlice: Slice<NoticeSlice> = (set) => ({
  notices: [],
  notify(tone, text) {
    const id = ++count;
    // A repeated mistake must not fill the page: equal sentences are one notice.
    set(({ notices }) => ({
      notices: newestNotices([...notices.filter((notice) => notice.text !== text), { id, tone, text }]),
    }));
  },
  dismiss(id) {
    set(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
  },
  clearErrorsBefore(last) {
    set(({ notices }) => ({ notices: withoutErrors(notices, last) }));
  },
});

/** The newest notices. An error is only dropped for another error. */
export function newestNotices(notices: readonly Notice[]): readonly Notice[] {
  if (notices.length <= MOST_NOTICES) return notices;
  const oldest = notices.slice(0, -1).find(({ tone }) => tone !== 'error') ?? notices[0];
  return newestNotices(notices.filter((notice) => notice !== oldest));
}

/** The id of the newest notice; 0 where there is none. */
export const lastNoticeId = ({ notices }: Pick<NoticeSlice, 'notices'>): number =>
  notices.reduce((last, { id }) => Math.max(last, id), 0);

/** Marks the errors up to notice `last` as past. Later errors belong to what failed just now. */
export const withoutErrors = (notices: readonly Notice[], last: number): readonly Notice[] =>
  notices.map((notice) => (notice.tone === 'error' && notice.id <= last ? { ...notice, past: true } : notice));
