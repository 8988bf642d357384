import type { ClassScore } from '../../engine/page/light';
import { formatInteger, formatShare } from '../format';
import styles from './compare.module.css';

/** The accuracy of each class, on demand. */
export function ClassTable({ classes }: { classes: readonly ClassScore[] }) {
  return (
    <details className={styles.details}>
      <summary>Accuracy by class</summary>
      <table className={`${styles.layers} ${styles.classes}`} aria-label="Accuracy by class">
        <thead>
          <tr>
            <th scope="col">class</th>
            <th scope="col">samples</th>
            <th scope="col">original</th>
            <th scope="col">compressed</th>
            <th scope="col" title="Samples that only the original, and that only the compressed model gets right">
              lost, gained
            </th>
          </tr>
        </thead>
        <tbody>
          {classes.map(({ class: label, samples, before, after, lost, gained }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{formatInteger(samples)}</td>
              <td>{formatShare(before / samples)}</td>
              <td>{formatShare(after / samples)}</td>
              <td>
                {lost > 0 ? `−${lost}` : '0'}, {gained > 0 ? `+${gained}` : '0'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
