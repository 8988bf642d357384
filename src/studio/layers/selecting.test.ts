import { describe, expect, it } from 'vitest';
import { afterClick, afterKey, type Chosen } from './selecting';

const ids = ['a', 'b', 'c', 'd', 'e'];
const chosen = (selected: string[], anchor: string | null = null): Chosen => ({
  ids,
  selected: new Set(selected),
  anchor,
});
const plain = { shiftKey: false, ctrlKey: false, metaKey: false };
const shift = { ...plain, shiftKey: true };
const ctrl = { ...plain, ctrlKey: true };
const of = (choice: { selected?: ReadonlySet<string> } | undefined) => [...(choice?.selected ?? [])].sort().join('');

describe('clicks', () => {
  it('a plain click chooses one', () => {
    expect(of(afterClick(chosen(['a', 'b']), 'd', plain))).toBe('d');
  });
  it('a ctrl-click adds and takes away', () => {
    expect(of(afterClick(chosen(['a']), 'd', ctrl))).toBe('ad');
    expect(of(afterClick(chosen(['a', 'd']), 'd', ctrl))).toBe('a');
  });
  it('a shift-click chooses from the anchor, either way, and keeps the anchor', () => {
    expect(of(afterClick(chosen(['c'], 'c'), 'e', shift))).toBe('cde');
    const back = afterClick(chosen(['c', 'd', 'e'], 'c'), 'a', shift);
    expect(of(back)).toBe('abc');
    expect(back.anchor).toBe('c');
  });
  it('a shift-click after the anchor was filtered away chooses the row alone', () => {
    expect(of(afterClick(chosen([], 'gone'), 'b', shift))).toBe('b');
  });
});

describe('keys', () => {
  it('arrows walk and stop at the ends', () => {
    expect(afterKey(chosen(['b']), 'b', { ...plain, key: 'ArrowDown' })).toMatchObject({ focus: 'c' });
    expect(of(afterKey(chosen(['e']), 'e', { ...plain, key: 'ArrowDown' }))).toBe('e');
    expect(of(afterKey(chosen(['a']), 'a', { ...plain, key: 'ArrowUp' }))).toBe('a');
  });
  it('shift with arrows extends and shrinks about the anchor', () => {
    expect(of(afterKey(chosen(['b', 'c'], 'b'), 'c', { ...shift, key: 'ArrowDown' }))).toBe('bcd');
    expect(of(afterKey(chosen(['b', 'c', 'd'], 'b'), 'd', { ...shift, key: 'ArrowUp' }))).toBe('bc');
    expect(of(afterKey(chosen(['b'], 'b'), 'b', { ...shift, key: 'End' }))).toBe('bcde');
  });
  it('ctrl with arrows moves the focus alone, and space toggles what has it', () => {
    const moved = afterKey(chosen(['b']), 'b', { ...ctrl, key: 'ArrowDown' });
    expect(moved).toMatchObject({ focus: 'c' });
    expect(moved?.selected).toBeUndefined();
    expect(of(afterKey(chosen(['b']), 'c', { ...plain, key: ' ' }))).toBe('bc');
  });
  it('ctrl+A chooses all rows shown', () => {
    expect(of(afterKey(chosen([]), 'b', { ...ctrl, key: 'a' }))).toBe('abcde');
    expect(afterKey(chosen([]), 'b', { ...plain, key: 'a' })).toBeUndefined();
  });
});
