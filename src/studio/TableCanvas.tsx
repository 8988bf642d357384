import { useComputedColorScheme } from '@mantine/core';
import { useLayoutEffect, useRef } from 'react';

/**
 * Draws a table of numbers, one pixel each, `scale` being white and −`scale` black. With a `tone` it shows the distance
 * from zero instead: clear to the colour of what is kept, or of what is lost. `version` is what changes when the values do (they may be the same array).
 */
export function TableCanvas(props: {
  rows: number;
  columns: number;
  values: ArrayLike<number>;
  scale: number;
  tone?: 'kept' | 'lost';
  version?: number | string;
  label: string;
}) {
  const { rows, columns, values, scale, tone, version, label } = props;
  const dark = useComputedColorScheme('light') === 'dark';
  const canvas = useRef<HTMLCanvasElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` stands for the contents of `values`
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(columns, rows);
    const pixels = new Uint32Array(image.data.buffer);
    if (tone) {
      const hue = HUES[tone][dark ? 'dark' : 'light'];
      for (let i = 0; i < pixels.length; i++) pixels[i] = tinted(hue, values[i] / scale);
    } else {
      for (let i = 0; i < pixels.length; i++) pixels[i] = grey(values[i] / scale);
    }
    context.putImageData(image, 0, 0);
  }, [rows, columns, values, scale, tone, version, dark]);
  return <canvas ref={canvas} width={columns} height={rows} role="img" aria-label={label} />;
}

// Canvas pixels are bytes R, G, B, A: little-endian words 0xAABBGGRR, as every platform with WebGPU has them.
function grey(value: number): number {
  const shade = Math.max(0, Math.min(255, Math.round(127.5 * (value + 1))));
  return 0xff000000 | (shade << 16) | (shade << 8) | shade;
}

// The theme's `--kept` and `--hurts` as 0xBBGGRR.
const HUES = { kept: { light: 0x85720b, dark: 0xdbc93b }, lost: { light: 0x0c59e8, dark: 0x2b92ff } } as const;

// More opaque the larger the value.
function tinted(hue: number, value: number): number {
  const alpha = Math.min(255, Math.round(255 * Math.abs(value)));
  return (alpha << 24) | hue;
}
