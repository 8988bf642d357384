import { expect, it } from 'vitest';
import { lastNoticeId, newestNotices, withoutErrors } from './notices';
import type { Notice } from './types/notices';

const notices = (tones: string): Notice[] =>
  [...tones].map((tone, id) => ({ id, tone: tone === 'e' ? 'error' : tone === 'w' ? 'warning' : 'info', text: '' }));

it.each([
  ['iwe', [0, 1, 2]],
  ['iwei', [1, 2, 3]],
  ['eiwi', [0, 2, 3]],
  ['eeei', [1, 2, 3]],
  ['wwwww', [2, 3, 4]],
])('of %s the newest three stay, errors before the rest', (tones, ids) => {
  expect(newestNotices(notices(tones)).map(({ id }) => id)).toEqual(ids);
});

it('errors are past that were there before something went well, and only these', () => {
  const all = notices('ewie');
  expect(lastNoticeId({ notices: all.slice(0, 3) })).toBe(2);
  expect(lastNoticeId({ notices: [] })).toBe(0);
  expect(withoutErrors(all, 2).map(({ past }) => past)).toEqual([true, undefined, undefined, undefined]);
  expect(withoutErrors(all, 3).map(({ past }) => past)).toEqual([true, undefined, undefined, true]);
});
