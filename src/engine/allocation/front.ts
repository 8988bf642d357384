import type { SearchPoint } from './report';

type Sized = Pick<SearchPoint, 'bytes' | 'damage'>;

/** Whether `a` is at least as small and as good as `b`, and not the same in both. */
const dominates = (a: Sized, b: Sized): boolean =>
  a.bytes <= b.bytes && a.damage.mean <= b.damage.mean && (a.bytes < b.bytes || a.damage.mean < b.damage.mean);

/** The points with `onFront` set for those that no other one dominates. Of equal points, the first is on the front. */
export const withFront = (points: readonly SearchPoint[]): SearchPoint[] =>
  points.map((point, i) => {
    const onFront = !points.some(
      (other, j) =>
        dominates(other, point) || (j < i && other.bytes === point.bytes && other.damage.mean === point.damage.mean),
    );
    return point.onFront === onFront ? point : { ...point, onFront };
  });
