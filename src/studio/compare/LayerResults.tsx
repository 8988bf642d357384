import { type CompressReport, formWords, type StepReport, trialSentence } from '../../engine/page/light';
import { formatBytes, formatError } from '../format';
import { ShortName } from '../ShortName';
import styles from './compare.module.css';
import { formatDuration } from './rows';

/** What happened to each layer, and why other layers stayed as they were. */
export function LayerResults({ result }: { result: CompressReport }) {
  const { layers, skipped, trial, backend, gpuFailures, ms } = result;
  return (
    <section aria-labelledby="compare-layers">
      <div className={styles.title}>
        <h3 id="compare-layers">Layers of this run</h3>
        <span>
          {formatDuration(ms)} on the {backend.toUpperCase()}
        </span>
      </div>
      {gpuFailures && (
        <p className={styles.note} title={gpuFailures.join('\n')}>
          The GPU failed {gpuFailures.length === 1 ? 'once' : `${gpuFailures.length} times`} during this run, and each
          time the layer in work was compressed again.
        </p>
      )}
      <details className={styles.details}>
        <summary>
          {layers.length} rewritten{skipped.length > 0 && `, ${skipped.length} left as they were`}
        </summary>
        {layers.length > 0 && (
          // Only the panel scrolls. A scroll bar inside another one would catch the mouse wheel.
          <section aria-label="Rewritten layers">
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
                    <th scope="row">
                      <ShortName text={layer.name} />
                      <small>{formWords(layer.form)}</small>
                      {(layer.steps.length > 1 || layer.steps.some(({ skipped }) => skipped)) && (
                        <Steps steps={layer.steps} />
                      )}
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
        {trial && <p className={styles.note}>{trialSentence(trial)}</p>}
        {skipped.length > 0 && (
          <dl className={styles.skipped}>
            {skipped.map(({ name, reason }) => (
              <div key={name}>
                <dt>
                  <ShortName text={name} />
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

/** What each step of the layer's stack did to it. */
function Steps({ steps }: { steps: readonly StepReport[] }) {
  return (
    <ol className={styles.steps} aria-label="Steps">
      {steps.map(({ method, error, bytes, skipped }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a method may occur twice
        <li key={at} title={skipped}>
          {method}: {formatBytes(bytes)}, {formatError(error)}
          {skipped !== undefined && ` (left: ${skipped})`}
        </li>
      ))}
    </ol>
  );
}
