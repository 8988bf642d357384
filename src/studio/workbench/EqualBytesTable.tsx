import { Button } from '@mantine/core';
import { useState } from 'react';
import type { EqualBytesReport } from '../../engine/page/light';
import { formatBytes, formatError } from '../format';
import { useStudio } from '../store';
import { SeriesKey } from './SeriesKey';
import {
  describeCell,
  type EqualBytesPoint,
  formatSize,
  lineOf,
  missingIn,
  nameOf,
  seriesOf,
  stacksOf,
} from './series';

/** Error and bytes of every point, and a button that puts it into the workbench. */
export function EqualBytesTable({ report, of }: { report: EqualBytesReport; of: 'weight' | 'output' }) {
  const { sizes, points, denseBytes } = report;
  const setStacks = useStudio((state) => state.setStacks);
  const [used, setUsed] = useState('');
  const use = (point: EqualBytesPoint) => {
    setStacks(stacksOf(point));
    setUsed(`${nameOf(point)} is now in the workbench. Undo takes it back.`);
  };
  return (
    <>
      <div className="equal-scroll">
        <table className="preview-steps equal-table">
          <caption className="hidden-text">Error of the {of} and stored bytes, by method and size</caption>
          <thead>
            <tr>
              <th scope="col">bytes at most</th>
              {sizes.map((size) => (
                <th scope="col" key={size}>
                  {formatBytes(size * denseBytes)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {seriesOf(report, of).map(({ key, title, look }) => (
              <tr key={key}>
                <th scope="row">
                  <SeriesKey look={look} />
                  {title}
                </th>
                {sizes.map((size) => {
                  const point = points.find((one) => lineOf(one) === key && one.size === size);
                  const error = of === 'output' ? point?.outputError : point?.error;
                  return (
                    <td key={size}>
                      {error === undefined ? '–' : formatError(error)}
                      {point && (
                        <>
                          <small>{formatBytes(point.bytes)}</small>
                          {describeCell(point, report).map((line) => (
                            <small key={line}>{line}</small>
                          ))}
                          <Button
                            size="compact-xs"
                            variant="subtle"
                            aria-label={`Use ${nameOf(point)}`}
                            onClick={() => use(point)}
                          >
                            Use this
                          </Button>
                        </>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p role="status" className="preview-legend">
        {used}
      </p>
    </>
  );
}

/** Why methods have no line, and why lines lack points. */
export function MissingPoints({ report }: { report: EqualBytesReport }) {
  const { lines, points } = missingIn(report);
  return (
    <>
      {lines.length > 0 && (
        <p className="preview-legend">
          Without a line: {lines.map(({ title, reason }) => `${title} (${reason})`).join('; ')}.
        </p>
      )}
      {points.length > 0 && (
        <details className="equal-skipped">
          <summary>
            {points.length} {points.length === 1 ? 'point is' : 'points are'} missing
          </summary>
          <ul>
            {points.map(({ title, size, reason }) => (
              <li key={`${title} ${size}`}>
                {title} at {formatSize(size)}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
