import type { CompressReport } from '../../worker/protocol';
import { formatBytes, formatError } from '../format';
import styles from './compare.module.css';
import { formatDuration } from './rows';

/** The engine's name of a form, in words: "lowRank 32" → "rank 32", "tucker2 24×16" → "Tucker-2 24×16". */
const formName = (form: string) => form.replace(/^lowRank/, 'rank').replace(/^tucker2/, 'Tucker-2');

/** What became of each layer, and why others stayed as they were. */
export function LayerResults({ result }: { result: CompressReport }) {
  const { layers, skipped, backend, ms } = result;
  return (
    <section aria-labelledby="compare-layers">
      <div className={styles.title}>
        <h3 id="compare-layers">Layers of this run</h3>
        <span>
          {formatDuration(ms)} on the {backend.toUpperCase()}
        </span>
      </div>
      <details className={styles.details}>
        <summary>
          {layers.length} rewritten{skipped.length > 0 && `, ${skipped.length} left as they were`}
        </summary>
        {layers.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
          <section className={styles.scroll} tabIndex={0} aria-label="Rewritten layers">
            <table className={styles.layers}>
              <thead>
                <tr>
                  <th scope="col">layer</th>
                  <th scope="col" title="Relative error of the weight: measured, and predicted from the spectrum">
                    error (predicted)
                  </th>
                  <th scope="col">bytes</th>
                  <th scope="col">time</th>
                </tr>
              </thead>
              <tbody>
                {layers.map((layer) => (
                  <tr key={layer.name}>
                    <th scope="row" title={layer.name}>
                      <span>
                        <bdi>{layer.name}</bdi>
                      </span>
                      <small>{formName(layer.form)}</small>
                    </th>
                    <td>
                      {formatError(layer.weightError.measured)}
                      <small>({formatError(layer.weightError.predicted)})</small>
                      {layer.outputError && <small>output {formatError(layer.outputError.measured)}</small>}
                    </td>
                    <td>
                      {formatBytes(layer.bytesAfter)}
                      <small>of {formatBytes(layer.bytesBefore)}</small>
                    </td>
                    <td>{formatDuration(layer.ms)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        )}
        {skipped.length > 0 && (
          <dl className={styles.skipped}>
            {skipped.map(({ name, reason }) => (
              <div key={name}>
                <dt title={name}>
                  <bdi>{name}</bdi>
                </dt>
                <dd>{reason}</dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </section>
  );
}
