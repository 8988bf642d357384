import { Button, CloseButton, Switch } from '@mantine/core';
import { IconAlertTriangle, IconCheck } from '@tabler/icons-react';
import type { Proposal, ProposalName } from '../../engine/page/light';
import { formatBytes, formatSecondsLeft, formatShare } from '../format';
import { isBusy } from '../state/jobs';
import { isOf, LARGEST_BY_ITSELF } from '../state/proposalsSlice';
import { useStudio } from '../store';
import { describeCloseness, describeSamples, sameAs } from './describe';
import styles from './proposals.module.css';

const TITLES: Readonly<Record<ProposalName, string>> = { safe: 'Safe', balanced: 'Balanced', tiny: 'Tiny' };

/** Three recipes for a user who does not want to look for one: they fill in as they are found. */
export default function ProposalsCard() {
  const proposals = useStudio((state) => state.proposals);
  const data = useStudio((state) => state.data);
  const dismissProposals = useStudio((state) => state.dismissProposals);
  const startProposals = useStudio((state) => state.startProposals);
  const isLarge = useStudio(({ model }) => (model?.bytes ?? 0) > LARGEST_BY_ITSELF);
  if (proposals?.dismissed)
    return (
      <Button size="compact-xs" variant="subtle" className={styles.again} onClick={() => dismissProposals(false)}>
        Show three ways to make it smaller
      </Button>
    );
  if (!proposals && !isLarge)
    return (
      <div className={styles.title}>
        <Button size="compact-xs" variant="subtle" onClick={() => void startProposals()}>
          Look for three ways to make it smaller
        </Button>
        <ByItself />
      </div>
    );
  const report = proposals?.report ?? null;
  return (
    <section className={styles.card} aria-label="Three ways to make it smaller">
      <div className={styles.title}>
        <h2>Three ways to make it smaller</h2>
        <Actions />
        {proposals && (
          <CloseButton size="sm" aria-label="Dismiss the proposals" onClick={() => dismissProposals(true)} />
        )}
      </div>
      {proposals?.fault !== undefined ? (
        <p className={styles.note}>{proposals.fault}</p>
      ) : (
        proposals && (
          <div className={styles.list}>
            {(['safe', 'balanced', 'tiny'] as const).map((name) => (
              <One key={name} name={name} />
            ))}
          </div>
        )
      )}
      {report && <p className={styles.note}>{describeSamples(report)}</p>}
      {proposals && !isOf(proposals, data) && (
        <p className={styles.note}>Other data are open now: look again to measure on them.</p>
      )}
      {!proposals && <NotYet />}
      {(!proposals || proposals.ended !== undefined) && <ByItself />}
    </section>
  );
}

/** How far the search is, and the button that stops it or begins it. */
function Actions() {
  const proposals = useStudio((state) => state.proposals);
  const startProposals = useStudio((state) => state.startProposals);
  const stopProposals = useStudio((state) => state.stopProposals);
  const data = useStudio((state) => state.data);
  const job = useStudio(({ jobs }) => jobs.find(({ kind }) => kind === 'proposals'));
  if (job) {
    const { done = 0, total = 0, secondsLeft } = job.progress ?? {};
    return (
      <>
        <span className={styles.progress} role="status">
          {job.status === 'waiting'
            ? 'waits for other work'
            : total > 0
              ? `${Math.floor((100 * done) / total)} %`
              : 'looking…'}
          {secondsLeft !== undefined && `, ${formatSecondsLeft(secondsLeft)}`}
        </span>
        <Button size="compact-xs" variant="default" onClick={stopProposals}>
          Stop looking
        </Button>
      </>
    );
  }
  const isDone = proposals?.ended === 'done' && isOf(proposals, data);
  if (isDone || proposals?.fault !== undefined) return null;
  return (
    <Button size="compact-xs" variant="default" onClick={() => void startProposals()}>
      {proposals ? 'Look again' : 'Look for them'}
    </Button>
  );
}

function One({ name }: { name: ProposalName }) {
  const report = useStudio((state) => state.proposals?.report);
  const ended = useStudio((state) => state.proposals?.ended !== undefined);
  const taken = useStudio((state) => state.proposals?.taken?.name === name);
  const proposal = report?.proposals.find((one) => one.name === name);
  const same = proposal && report && sameAs(proposal, report.proposals);
  return (
    <article
      className={styles.one}
      aria-label={TITLES[name]}
      aria-busy={!proposal && !ended}
      data-taken={taken || undefined}
    >
      <h3>{TITLES[name]}</h3>
      {!proposal || !report ? (
        <p className={styles.quiet}>{ended ? 'Nothing smaller was found.' : 'Looking…'}</p>
      ) : same ? (
        <p className={styles.quiet}>
          {ended ? 'Nothing smaller' : 'Nothing smaller yet'} than “{TITLES[same.name]}” keeps this promise:{' '}
          {proposal.promise}.
        </p>
      ) : (
        <Found proposal={proposal} originalBytes={report.originalBytes} />
      )}
    </article>
  );
}

function Found({ proposal, originalBytes }: { proposal: Proposal; originalBytes: number }) {
  const takeProposal = useStudio((state) => state.takeProposal);
  const busy = useStudio(isBusy);
  const { name, bytes, closeness, keepsPromise, promise, title } = proposal;
  return (
    <>
      <p className={styles.size}>
        <strong>{formatShare(bytes / originalBytes)}</strong> {formatBytes(bytes)}
      </p>
      {describeCloseness(closeness).map((line) => (
        <p key={line}>{line}</p>
      ))}
      <p className={styles.promise} data-tone={keepsPromise ? 'kept' : 'hurts'}>
        {keepsPromise ? <IconCheck size={13} aria-hidden /> : <IconAlertTriangle size={13} aria-hidden />}
        <span>
          {keepsPromise ? 'Keeps its promise' : 'The nearest that was found, its promise is not kept'}: {promise}.
        </span>
      </p>
      <p className={styles.quiet}>{title}</p>
      <Button
        size="compact-sm"
        variant={name === 'safe' ? 'filled' : 'default'}
        disabled={busy}
        aria-label={`Use ${TITLES[name].toLowerCase()}`}
        onClick={() => void takeProposal(name)}
      >
        Use this
      </Button>
    </>
  );
}

/** Why nothing was looked for yet. */
const NotYet = () => (
  <p className={styles.note}>
    This model is larger than {formatBytes(LARGEST_BY_ITSELF)}, so looking takes longer than a minute: it begins when
    you say so.
  </p>
);

function ByItself() {
  const on = useStudio((state) => state.proposesByItself);
  const setOn = useStudio((state) => state.setProposesByItself);
  return (
    <Switch
      size="xs"
      checked={on}
      onChange={(event) => setOn(event.currentTarget.checked)}
      label="Look for them whenever a model is opened"
    />
  );
}
