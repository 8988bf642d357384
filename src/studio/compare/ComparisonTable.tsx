import type { EvaluateReport, RunReport } from '../../engine/page/light';
import { formatBytes, formatCount } from '../format';
import { OpenDataButton } from '../OpenDataButton';
import { useStudio } from '../store';
import styles from './compare.module.css';
import { agreementSaysLittle, describeMajority, originalRows, qualityRows } from './quality';
import { describeData, describeOriginal, isTimed, latencyRow, type Row, sizeRows } from './rows';

/** The columns are original, compressed and change. Before the first run, it shows what is known of the original. */
export function ComparisonTable({ run }: { run: RunReport | undefined }) {
  const model = useStudio((state) => state.model);
  const original = useStudio((state) => state.original);
  const fault = useStudio((state) => state.originalFault);
  const quality = run?.evaluation ? qualityRows(run.evaluation) : original ? originalRows(original) : [];
  const rows: Row[] = run
    ? [
        ...quality,
        ...sizeRows(run.result),
        ...(run.evaluation && isTimed(run.evaluation) ? [latencyRow(run.evaluation)] : []),
      ]
    : [
        ...quality,
        ...[
          { name: 'file', note: 'Bytes with external data.', original: formatBytes(model?.bytes ?? 0) },
          { name: 'parameters', note: 'Stored numbers, counted.', original: formatCount(model?.parameters ?? 0) },
        ].map((row) => ({ ...row, compressed: '', change: '' })),
      ];
  const caption = run?.evaluation
    ? describeData(run.evaluation, run.result.calibration)
    : original
      ? describeOriginal(original)
      : fault && `The accuracy of the original could not be measured: ${fault}`;
  return (
    <table className={styles.comparison}>
      {caption && <caption>{caption}</caption>}
      <thead>
        <tr>
          <td />
          <th scope="col">original</th>
          <th scope="col">compressed</th>
          <th scope="col">change</th>
        </tr>
      </thead>
      <tbody>
        {run?.evaluation && agreementSaysLittle(run.evaluation) && <SaysLittle evaluation={run.evaluation} />}
        {rows.map(({ name, note, original, compressed, change, changeNote, tone, quiet, spread }) => (
          <tr key={name} className={quiet ? styles.quiet : undefined}>
            <th scope="row" title={note}>
              {name}
            </th>
            <td>
              {original}
              {spread && <small>{spread[0]}</small>}
            </td>
            <td>
              {compressed}
              {spread && <small>{spread[1]}</small>}
            </td>
            <td data-tone={tone}>
              {change}
              {changeNote && <small>{changeNote}</small>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Says that agreement is no evidence here, and offers to open test data. */
function SaysLittle({ evaluation }: { evaluation: EvaluateReport }) {
  return (
    <tr>
      <td colSpan={4} className={styles.saysLittle}>
        <div>
          <span>{describeMajority(evaluation)}</span>
          <OpenDataButton>Open test data…</OpenDataButton>
        </div>
      </td>
    </tr>
  );
}
