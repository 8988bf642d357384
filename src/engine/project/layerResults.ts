import { copyOperator, putOperator, type StoredOperator } from '../operators/keeping/storedOperator';
import type { StepReport } from '../recipe/report';
import type { KeptResult, KeptResults } from '../recipe/runner/keptResults';
import type { RecordKind } from '../store/records';
import type { Store } from '../store/store';

interface LayerRecord {
  readonly report: StepReport;
  readonly ms: number;
  readonly operator?: StoredOperator;
}

export const LAYER: RecordKind<LayerRecord> = { name: 'layer', version: 1 };

/** What is kept at most of finished layers, of all models together: those of a few runs of a model of some 500 MB. */
const MOST_BYTES = 2 ** 29;
const MOST_RESULTS = 1000;

/** What stays when there was too much, as a share: a sweep reads every record. */
const STAYS = 0.8;

export interface LayerResultsOptions {
  readonly mostBytes?: number;
  readonly mostResults?: number;
  /** Called with what hinders keeping: a sentence, or a fault of ours. */
  readonly onFault?: (error: unknown) => void;
}

/**
 * Results of finished layers in a store, by the hash of all that they follow from. Where there is no room they are not
 * kept. The oldest ones go when there are too many.
 */
export function layerResults(store: Store, options: LayerResultsOptions = {}): KeptResults {
  const { mostBytes = MOST_BYTES, mostResults = MOST_RESULTS, onFault = () => undefined } = options;
  /** Sizes by key, the oldest first; another tab's later ones are counted when it counts. */
  let known: Promise<Map<string, number>> | undefined;
  const sizes = () => {
    known ??= store.records(LAYER).then((records) => new Map(records.reverse().map((one) => [one.name, sizeOf(one)])));
    return known;
  };
  const limit = async () => {
    const all = await sizes();
    let bytes = [...all.values()].reduce((sum, size) => sum + size, 0);
    if (bytes <= mostBytes && all.size <= mostResults) return;
    for (const [key, size] of all) {
      if (bytes <= STAYS * mostBytes && all.size <= STAYS * mostResults) break;
      all.delete(key);
      bytes -= size;
      await store.removeRecord(LAYER, key);
    }
    await store.sweep();
  };
  return {
    async find(key) {
      try {
        const value = (await store.record(LAYER, key))?.value;
        if (!value?.operator) return value && { report: value.report, ms: value.ms };
        const operator = await copyOperator(value.operator, store);
        return operator && ({ report: value.report, ms: value.ms, operator } satisfies KeptResult);
      } catch (error) {
        onFault(error);
        return undefined;
      }
    },
    async keep(key, { operator, report, ms }) {
      try {
        const size = await store.write(async (writer) => {
          const stored = operator && (await putOperator(operator, writer));
          const references = stored ? [stored.artefact] : [];
          await writer.setRecord(LAYER, key, { report, ms, ...(stored && { operator: stored }) }, references);
          return sizeOf({ references });
        });
        const all = await sizes();
        all.delete(key);
        all.set(key, size);
        await limit();
      } catch (error) {
        onFault(error);
      }
    },
  };
}

const sizeOf = ({ references }: { readonly references: readonly { readonly bytes: number }[] }): number =>
  references.reduce((sum, { bytes }) => sum + bytes, 0);
