import type { RunReport } from '../../worker/protocol';
import { describeBudget, KINDS } from '../state/recipe';

/** A run's recipe in a line: "svd size 50 % · 7 layers". Layers are those that were rewritten. */
export function describeRun({ recipe, result }: RunReport): string {
  const steps = (recipe as { steps?: readonly Step[] } | null)?.steps ?? [];
  const parts = new Map<string, { method: string; budget: string }>();
  for (const step of steps) {
    const method = step.method ?? Object.keys(step)[0] ?? 'step';
    const kind = KINDS.find((name) => typeof step.options?.[name] === 'number');
    const budget = kind ? describeBudget({ kind, value: step.options![kind] as number }) : '';
    parts.set(`${method} ${budget}`, { method, budget });
  }
  const words = [...parts.values()].map(({ method, budget }, i, all) =>
    all[i - 1]?.method === method ? budget : `${method} ${budget}`.trim(),
  );
  // More than three budgets say nothing at a glance.
  const shown = words.length > 3 ? [...words.slice(0, 2), `${words.length - 2} more`] : words;
  const count = result.layers.length;
  return `${shown.join(', ') || 'recipe'} · ${count} ${count === 1 ? 'layer' : 'layers'}`;
}

interface Step {
  readonly method?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}
