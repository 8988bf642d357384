import { Button } from '@mantine/core';
import { metricNamed, type SearchPoint, type SearchReport } from '../../engine/page/light';
import { formatBytes, formatInteger, formatShare } from '../format';
import { stacksInWords } from '../recipeWords';
import { isBusy, isRunning } from '../state/jobs';
import { useStudio } from '../store';
import { checkedLoss, describeLoss, describeValue, FROM_WORDS } from './describe';
import styles from './goal.module.css';

/** More stacks than these are too many to read at a glance. */
const MOST_STACKS = 6;

/** A dot: its recipe in words, what was measured, and what can be done with it. */
export function PointDetails({ report, point }: { report: SearchReport; point: SearchPoint }) {
  const stacks = stacksInWords(point.recipe);
  const { samples, originalBytes, measure } = report;
  const { damage, loss, latency } = point;
  const checked = checkedLoss(report, point);
  return (
    <section className={styles.details} aria-label="Recipe that is looked at">
      <h3>{point.title}</h3>
      <p className={styles.quiet}>
        {FROM_WORDS[point.from]} · {point.meetsGoal ? 'meets the goal' : 'does not meet the goal'}
        {point.id === report.best && ' · the best so far'}
      </p>
      <dl>
        <dt>Size</dt>
        <dd>
          <strong title={`${formatInteger(point.bytes)} bytes`}>{formatBytes(point.bytes)}</strong> ·{' '}
          {formatShare(point.bytes / originalBytes)} of the bytes
        </dd>
        <dt>Loss</dt>
        <dd>
          <strong>{describeLoss(loss, samples.search)}</strong>
          <small>{describeValue(report, point)}</small>
        </dd>
        <dt>Checked</dt>
        <dd>
          {checked ? (
            <>
              {describeLoss(checked, samples.check)} <small>on {samples.check} samples that the search never saw</small>
            </>
          ) : samples.check > 0 ? (
            'not yet'
          ) : (
            'no samples are left for that'
          )}
        </dd>
        {latency !== undefined && (
          <>
            <dt>Latency</dt>
            <dd>{formatShare(latency, 0)} of the original’s, measured here</dd>
          </>
        )}
        <dt>{metricNamed(measure)?.title ?? measure}</dt>
        <dd>{formatDamage(damage.mean)}</dd>
      </dl>
      <ul>
        {stacks.slice(0, MOST_STACKS).map(({ words, layers }) => (
          <li key={`${words} ${layers[0]}`} title={layers.join(', ')}>
            {words} · {layers.length === 1 ? layers[0] : `${layers.length} layers`}
          </li>
        ))}
        {stacks.length > MOST_STACKS && <li>and {stacks.length - MOST_STACKS} more</li>}
      </ul>
      <TakeButtons id={point.id} />
    </section>
  );
}

const formatDamage = (damage: number): string => String(+damage.toPrecision(2)).replace('-', '−');

function TakeButtons({ id }: { id: number }) {
  const takePoint = useStudio((state) => state.takePoint);
  const compressPoint = useStudio((state) => state.compressPoint);
  const searching = useStudio(isRunning('search'));
  const busy = useStudio(isBusy);
  return (
    <div className={styles.take}>
      <Button size="xs" disabled={busy && !searching} onClick={() => void compressPoint(id)}>
        {searching ? 'Stop, compress and compare' : 'Compress and compare'}
      </Button>
      <Button size="xs" variant="default" onClick={() => void takePoint(id)}>
        Use this recipe
      </Button>
    </div>
  );
}
