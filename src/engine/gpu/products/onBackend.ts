import type { BackendWeight, Matrix } from '../../backend/backend';
import type { Weight } from '../../backend/weights';
import type { GpuMatrix } from '../panels';
import type { Session } from '../session';
import { Stopwatch } from '../stopwatch';
import { prepare } from './prepare';
import { tunedVariants } from './tunedVariants';

/** What the backend knows about matrices on a session. */
interface Account {
  /** Throws where the session is no longer in use, or where a matrix belongs to another one. */
  check(...matrices: readonly Matrix[]): void;
  keep(matrix: GpuMatrix): Matrix;
}

/** A weight on a session, prepared with the variants that suit its adapter. */
export async function backendWeight(
  session: Session,
  weight: Weight,
  { check, keep }: Account,
): Promise<BackendWeight> {
  const { device, buffers, dispatcher, productPace: pace, panelBytes } = session;
  const variants = await tunedVariants(session);
  const product = await prepare({ buffers, dispatcher, pace, panelBytes, variants }, weight);
  const stopwatch = new Stopwatch(device, dispatcher);
  const { rows, columns, bytes } = product;
  return {
    rows,
    columns,
    bytes,
    async multiply(x, call) {
      check(x);
      return keep(await product.applyToPanels(x as GpuMatrix, call));
    },
    async time(x, times, call) {
      check(x);
      const [{ buffer, rows: tokens }] = (x as GpuMatrix).panels as [GpuMatrix['panels'][0]];
      const y = buffers.create(tokens * rows, `A [${tokens}, ${rows}] product`);
      const held = [y];
      const scratch = (length: number) => {
        held.push(buffers.create(length, 'What lies between two products'));
        return held.at(-1)!;
      };
      try {
        const once = [...product.steps({ x: buffer, y, tokens, accumulate: false }, scratch, pace)];
        const all = Array.from({ length: times }, () => once).flat();
        if (all.reduce((sum, { work }) => sum + work, 0) <= pace.budget) return (await stopwatch.time(all)) / times;
        // This is more than the adapter may get at once. It is submitted in batches, and an abort takes effect between
        // them.
        await dispatcher.settle();
        const started = performance.now();
        await dispatcher.runPaced(all, pace, call);
        return (performance.now() - started) / times;
      } finally {
        buffers.free(...held);
      }
    },
    free() {
      product.free();
      stopwatch.free();
    },
  };
}
