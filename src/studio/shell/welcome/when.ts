const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** A moment as people say it: "today 21:03", "yesterday 08:15", "28 Nov 2026". Both are milliseconds since 1970. */
export function formatWhen(moment: number, now: number): string {
  const startOfToday = new Date(now).setHours(0, 0, 0, 0);
  const startOfYesterday = new Date(startOfToday - 1).setHours(0, 0, 0, 0);
  if (moment >= startOfToday) return `today ${time.format(moment)}`;
  if (moment >= startOfYesterday) return `yesterday ${time.format(moment)}`;
  return date.format(moment);
}
