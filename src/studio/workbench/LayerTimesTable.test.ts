import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { LayerTimes } from '../../engine/page/light';
import { describeSpeed, LayerTimesTable } from './LayerTimesTable';

const backend = { kind: 'cpu', description: 'onnxruntime-web (WASM), 2 threads', software: false } as const;
const drawn = (more: Partial<LayerTimes>, stale: { isFresh: boolean; why?: string } = { isFresh: true }) =>
  renderToStaticMarkup(
    createElement(LayerTimesTable, {
      times: { layer: 'fc', form: 'lowRank 8', values: 'random', tokens: [1, 16], times: [], ...more },
      ...stale,
      backend,
    }),
  );

describe('the times of a layer', () => {
  it('have a column for each number of tokens, before they are measured too', () => {
    const part = drawn({ times: [{ tokens: 1, ms: 0.05, denseMs: 0.1 }] });
    expect(part).toContain('16 tokens');
    expect(part).toContain('rank 8');
    expect(part).toContain('0.05 ms');
    expect(part).toContain('2.0 × faster');
    expect(part).toContain('…');
  });
  it('say on what they were measured, and with which weights', () => {
    expect(drawn({})).toContain('CPU (2 threads)');
    expect(drawn({})).toContain('random weights of the planned sizes');
    expect(drawn({ values: 'own' })).toContain('The weights are those of the trial.');
  });
  it('say what the next ones wait for', () => {
    const why = 'Timing waits for: Compressing.';
    expect(drawn({}, { isFresh: false, why })).toContain(why);
    expect(drawn({}, { isFresh: true, why })).not.toContain(why);
  });
  it('mark estimates', () => {
    const estimated = drawn({ times: [{ tokens: 16, ms: 20, denseMs: 30, estimated: true }] });
    expect(estimated).toContain('≈ 20 ms');
    expect(estimated).toContain('measured with fewer tokens and scaled up');
  });
  it('compare in words, and call no noise a difference', () => {
    expect(describeSpeed({ ms: 1, denseMs: 3 })).toBe('3.0 × faster');
    expect(describeSpeed({ ms: 30, denseMs: 2 })).toBe('15 × slower');
    expect(describeSpeed({ ms: 1, denseMs: 1.04 })).toBe('as fast');
  });
});
