import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { slotsOf } from '../engine/methods/pictures/slots';
import { offer, round } from '../engine/methods/round.fixtures';
import type { EqualBytesReport } from '../engine/project/engine';
import { checked, describeOptions, formOf, methodForms, newStep, variantNames, writtenRecipe } from './methods';
import { MethodPicture } from './workbench/pictures/MethodPicture';
import { seriesOf } from './workbench/series';

let withdraw: () => void;
beforeAll(() => {
  withdraw = offer(round);
});
afterAll(() => withdraw());

describe('a method that is added to the list of the engine is found', () => {
  it('in the menu, with controls made of its options', () => {
    expect(methodForms().at(-1)).toMatchObject({ name: 'round', title: 'Rounding', truncates: false });
    expect(formOf('round')!.controls).toMatchObject([
      { key: 'bits', kind: 'number', least: 1, most: 24, whole: true, fallback: 8, title: 'Significant bits' },
      { key: 'towards', kind: 'choice', values: ['nearest', 'zero'], fallback: 'nearest' },
    ]);
    expect(newStep(formOf('round')!)).toEqual({ method: 'round', options: {} });
    const step = { method: 'round', options: { bits: 6 } };
    expect(checked(step)).toEqual({ options: { bits: 6, towards: 'nearest' } });
    const recipe = { version: 1, steps: [{ layers: '*', ...step }] };
    expect(JSON.parse(writtenRecipe(recipe)).steps[0].options).toEqual({ bits: 6, towards: 'nearest' });
    expect(describeOptions({ method: 'round', options: { bits: 6, towards: 'zero' } })).toBe(
      'significant bits 6 · direction Towards zero',
    );
  });

  it('in the chart at equal bytes, with a variant in the colour of its method', () => {
    const point = {
      method: 'round',
      size: 0.5,
      bytes: 50,
      error: 0.1,
      outputError: 0.1,
      dense: [],
      blind: [],
      steps: [],
    };
    const report: EqualBytesReport = {
      layers: ['fc'],
      denseBytes: 100,
      sizes: [0.5],
      points: [
        { ...point, title: 'Rounding' },
        { ...point, title: 'Rounding, truncated', variant: 'truncated' },
      ],
      skipped: [],
      absent: [],
    };
    expect(variantNames()).toContain('truncated');
    const [plain, truncated] = seriesOf(report, 'output');
    expect([plain!.title, truncated!.title]).toEqual(['Rounding', 'Rounding, truncated']);
    expect(truncated!.look.colour).toBe(plain!.look.colour);
  });

  it('in the preview, where its picture is drawn by its kind', () => {
    const picture = slotsOf(Float32Array.of(1, 1, 2, 3));
    const drawn = renderToStaticMarkup(createElement(MethodPicture, { picture }));
    expect(drawn).toContain('3 values shared by 4 weights');
  });
});
