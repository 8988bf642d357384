import { type Random, seeded } from '../../engine/core/random';
import type { Estimated, SensitivityCell, SensitivityLine, SensitivityReport } from '../../engine/page/light';

export const LINES: readonly SensitivityLine[] = [
  { key: 'svd', title: 'Truncated SVD', methods: ['svd'] },
  { key: 'quantize', title: 'Quantisation', methods: ['quantize'] },
  { key: 'prune', title: 'Pruning', methods: ['prune'] },
];

/** A cell as a test writes it: layer, line, level, and what is known of it. */
export const cellOf = (
  layer: string,
  line: string,
  level: number,
  known: Partial<SensitivityCell> = {},
): SensitivityCell => ({
  layer,
  line,
  level,
  ...(known.skipped === undefined && { steps: [{ method: line, options: { size: level } }], bytes: 1000 * level }),
  ...known,
});

export const measured = (mean: number, standardError = 0.01 * mean): { damage: Estimated } => ({
  damage: { mean, standardError },
});

/** A report of these cells; layers, lines and levels follow from them. */
export function reportOf(cells: readonly SensitivityCell[], more: Partial<SensitivityReport> = {}): SensitivityReport {
  const ids = [...new Set(cells.map(({ layer }) => layer))];
  return {
    model: 'a'.repeat(64),
    data: 'test.npz',
    generated: false,
    samples: 64,
    provider: 'wasm',
    measure: 'kl',
    layers: ids.map((id) => ({ id, name: id, op: 'MatMul', bytes: 1000, parameters: 250 })),
    lines: LINES.filter(({ key }) => cells.some(({ line }) => line === key)),
    levels: [...new Set(cells.map(({ level }) => level))].sort((a, b) => b - a),
    cells,
    blocks: [],
    measured: cells.filter(({ damage }) => damage).length,
    open: cells.filter(({ damage, skipped }) => !damage && skipped === undefined).length,
    ...more,
  };
}

const PARTS = ['attention/query', 'attention/key', 'attention/value', 'attention/out', 'mlp/up', 'mlp/down'];

/**
 * A seeded report of a deep model: damage grows as bytes shrink, and the first and last layers are the most sensitive. The
 * last fifth of the layers is only estimated, and some cells are skipped.
 */
export function generatedReport(layers: number, levels: number, seed = 1): SensitivityReport {
  const random = seeded(seed);
  const names = Array.from(
    { length: layers },
    (_, i) => `/model/transformer/blocks.${Math.floor(i / PARTS.length)}/${PARTS[i % PARTS.length]}/MatMul`,
  );
  const shares = Array.from({ length: levels }, (_, i) => +(0.9 * 0.75 ** i).toFixed(4));
  const cells = names.flatMap((name, i) =>
    LINES.flatMap(({ key }, line) =>
      shares.map((level) => {
        if (random.uniform() < 0.02) return cellOf(name, key, level, { skipped: 'the layer would not get smaller' });
        const bytes = Math.round(4 * 65536 * level);
        const estimatedError = Math.min(1, 0.02 / level ** (1 + 0.2 * line));
        if (i >= 0.8 * layers) return cellOf(name, key, level, { bytes, estimatedError });
        return cellOf(name, key, level, { bytes, estimatedError, damage: damageAt(i / layers, level, line, random) });
      }),
    ),
  );
  return {
    ...reportOf(cells),
    layers: names.map((name) => ({ id: name, name, op: 'MatMul', bytes: 4 * 65536, parameters: 65536 })),
  };
}

function damageAt(depth: number, level: number, line: number, random: Random): Estimated {
  const ends = 1 + 30 * Math.exp(-12 * depth) + 20 * Math.exp(-12 * (1 - depth));
  const mean = (1e-4 * ends * (1 + line) * Math.exp(0.4 * random.normal())) / level ** 2.5;
  return { mean, standardError: mean * (0.05 + 0.2 * random.uniform()) };
}
