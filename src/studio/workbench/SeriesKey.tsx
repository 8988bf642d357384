import type { Look } from './series';

/** A piece of a line, beside its name. */
export const SeriesKey = ({ look }: { look: Look }) => (
  <svg className="series-key" aria-hidden="true">
    <line x1="0" y1="2" x2="100%" y2="2" stroke={look.colour} strokeWidth="2.5" strokeDasharray={look.dash} />
  </svg>
);
