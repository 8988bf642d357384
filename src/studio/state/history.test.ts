import { describe, expect, it } from 'vitest';
import { recorded, redone, undone } from './history';
import type { Occasion } from './types/history';
import type { Stack } from './types/stacks';

const svd = (rank: number): Stack => [{ method: 'svd', options: { rank } }];
const start = {
  stacks: new Map<string, Stack>(),
  included: new Set(['a', 'b']),
  settings: {},
  fixedRecipe: null as unknown,
  selection: ['a'] as readonly string[],
  step: 0,
  past: [],
  future: [],
};
type State = Parameters<typeof recorded>[0];

let ms = 0;
const edited = (state: State, rank: number, occasion: Partial<Occasion> = {}): State => {
  ms += 10_000;
  const part = { stacks: new Map([...state.stacks, ['a', svd(rank)]]) };
  return { ...state, ...part, ...recorded(state, part, { gesture: ms, ms, ...occasion }) };
};
const back = (state: State): State => ({ ...state, ...undone(state) });
const forth = (state: State): State => ({ ...state, ...redone(state) });

describe('the history of edits', () => {
  it('goes back and forth edit by edit, and a new edit forgets what was undone', () => {
    const two = edited(edited(start, 1), 2);
    expect(back(two).stacks.get('a')).toEqual(svd(1));
    expect(back(back(two)).stacks.get('a')).toBeUndefined();
    expect(back(back(back(two)))).toEqual(back(back(two)));
    expect(forth(forth(back(back(two)))).stacks.get('a')).toEqual(svd(2));
    expect(forth(two)).toEqual(two);
    const anew = edited(back(two), 3);
    expect(anew.future).toEqual([]);
    expect(forth(anew).stacks.get('a')).toEqual(svd(3));
  });

  it('takes a drag as one edit however long it takes, and digits typed in a row', () => {
    const what = 'rank';
    let drag: State = edited(start, 1, { what, gesture: 1 });
    for (let rank = 2; rank < 20; rank++) drag = edited(drag, rank, { what, gesture: 1 });
    expect(drag.past).toHaveLength(1);
    expect(back(drag).stacks.get('a')).toBeUndefined();
    const typed = edited(edited(drag, 4, { what, ms: 1e9 }), 40, { what, ms: 1e9 + 500 });
    expect(typed.past).toHaveLength(2);
    expect(edited(typed, 41, { what: 'bits', ms: 1e9 + 600 }).past).toHaveLength(3);
    // What was undone is not gone on with.
    expect(edited(back(drag), 3, { what, gesture: 1 }).past).toHaveLength(1);
  });

  it('shows the layers that an edit was made on, and is bounded', () => {
    const elsewhere = { ...edited(start, 1), selection: ['b'] };
    expect(back(elsewhere).selection).toEqual(['a']);
    expect(forth({ ...back(elsewhere), selection: ['b'] }).selection).toEqual(['a']);
    let many: State = start;
    for (let rank = 1; rank <= 150; rank++) many = edited(many, rank);
    expect(many.past).toHaveLength(100);
  });

  it('has no entry for what changes nothing', () => {
    const one = edited(start, 1);
    expect(edited(one, 1).past).toHaveLength(1);
    // A drag there and back.
    const [what, gesture] = ['rank', 1];
    const dragged = edited(edited(edited(one, 5, { what, gesture }), 1, { what, gesture }), 1, { what, gesture });
    expect(dragged.past).toEqual(one.past);
    expect(edited(dragged, 7, { what, gesture }).past).toHaveLength(2);
    const same = { included: new Set(['b', 'a']) };
    expect(recorded(one, same, { gesture: 0, ms: 0 })).toEqual({});
    expect(recorded(one, { included: new Set(['a']) }, { gesture: 0, ms: 0 }).past).toHaveLength(2);
  });
});
