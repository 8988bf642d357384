import { type BackendReport, formWords, type LayerTimes } from '../../engine/page/light';
import { formatMs } from '../format';
import { backendName } from '../shell/backendName';

/** Measured times of the layer's product in its own form beside the dense one, by the number of tokens. */
export function LayerTimesTable(props: {
  times: LayerTimes;
  isFresh: boolean;
  why?: string | undefined;
  backend: BackendReport;
}) {
  const { times, isFresh, why, backend } = props;
  const rows = [
    { name: formWords(times.form), tone: 'after', of: ({ ms }: Time) => ms },
    { name: 'dense', tone: 'before', of: ({ denseMs }: Time) => denseMs },
  ] as const;
  const columns = times.tokens.map((tokens) => ({ tokens, time: times.times.find((one) => one.tokens === tokens) }));
  const { kind, detail } = backendName(backend);
  const isEstimated = times.times.some(({ estimated }) => estimated);
  return (
    <figure className="times" data-stale={!isFresh || undefined}>
      <table className="preview-steps">
        <caption className="hidden-text">Time of one product with the layer, by number of tokens</caption>
        <thead>
          <tr>
            <th scope="col">one product of</th>
            {columns.map(({ tokens }) => (
              <th scope="col" key={tokens}>
                {tokens === 1 ? '1 token' : `${tokens} tokens`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, tone, of }) => (
            <tr key={tone}>
              <th scope="row">{name}</th>
              {columns.map(({ tokens, time }) => (
                <td key={tokens}>
                  {time ? `${time.estimated ? '≈ ' : ''}${formatMs(of(time))}` : '…'}
                  <i
                    className="times-bar"
                    data-tone={tone}
                    style={{ width: `${time ? 100 * shareOf(of(time), time) : 0}%` }}
                  />
                </td>
              ))}
            </tr>
          ))}
          <tr>
            <th scope="row">compared</th>
            {columns.map(({ tokens, time }) => (
              <td key={tokens}>{time ? describeSpeed(time) : '…'}</td>
            ))}
          </tr>
        </tbody>
      </table>
      <figcaption>
        {!isFresh && why && `From before the last change. ${why} `}
        Measured on this backend: {kind}
        {detail && ` (${detail})`}, by Carrara's own kernels, in the layer's own form. ONNX Runtime has other kernels:
        Compare measures the exported model.{' '}
        {times.values === 'own'
          ? 'The weights are those of the trial.'
          : 'The steps have not been tried: random weights of the planned sizes.'}
        {isEstimated && ' ≈: measured with fewer tokens and scaled up.'}
      </figcaption>
    </figure>
  );
}

type Time = LayerTimes['times'][number];

const shareOf = (ms: number, time: Time): number => ms / (Math.max(time.ms, time.denseMs) || 1);

/** Closer than this, a difference is noise. */
const ALIKE = 1.05;

export function describeSpeed({ ms, denseMs }: Pick<Time, 'ms' | 'denseMs'>): string {
  const [ratio, word] = denseMs >= ms ? [denseMs / ms, 'faster'] : [ms / denseMs, 'slower'];
  return ratio < ALIKE ? 'as fast' : `${ratio.toFixed(ratio < 10 ? 1 : 0)} × ${word}`;
}
