import { expect, it } from 'vitest';
import { Board } from './board';
import { checkPoints } from './checkPoints';
import type { Evaluator } from './evaluator';
import type { SearchReport } from './report';
import type { SearchState } from './searchState';

/** A search whose points lose nothing on its own samples; `lossOf` is what each loses on others. */
async function checked(points: number, lossOf: (point: number) => number): Promise<SearchReport> {
  const begun = { goal: { minimise: 'size', maxLoss: 0.01 }, originalBytes: 1000 } as SearchReport;
  const board = new Board(begun, () => undefined);
  const scored = new Map(
    Array.from({ length: points }, (_, i) => {
      const found = { bytes: 100 + i, damage: { mean: 1 - i / 100 }, loss: { mean: 0 } };
      const id = board.add({ from: 'swaps', title: '', recipe: {}, ...found });
      return [String(i), { id, assignment: [id] }];
    }),
  );
  const state = { board, scored, context: {}, limit: Infinity, progress() {}, operatorsOf: (of: unknown) => of };
  const evaluate = async ([id]: number[]) => ({ damage: { mean: 0 }, loss: { mean: lossOf(id!) } });
  await checkPoints(state as unknown as SearchState, { evaluate } as unknown as Evaluator);
  return board.report;
}

it('a point that was not checked is never the best, however many fail', async () => {
  const { best, points } = await checked(30, (point) => (point < 20 ? 0.5 : 0));
  expect(best).toBe(20);
  expect(points[20]!.checked).toBeDefined();
});

it('where every point fails, none is the best, and the reason is told', async () => {
  const { best, outOfReach } = await checked(30, () => 0.5);
  expect(best).toBeUndefined();
  expect(outOfReach!.reason).toMatch(/keeps all limits/);
});
