import { Button } from '@mantine/core';
import { describeReadBack, type RunReport } from '../../engine/page/light';
import { AIM_WORDS, isWrittenOtherwise } from '../aims';
import { exportRecipe } from '../exportRecipe';
import { save } from '../files';
import { formatBytes } from '../format';
import { isBusy, isRunning } from '../state/jobs';
import { useStudio } from '../store';
import styles from './compare.module.css';

/** Writes the run as `.onnx`, verifies what was written, and then offers it as a download. */
export function ExportSection({ run }: { run: RunReport }) {
  const exportRun = useStudio((state) => state.exportRun);
  const busy = useStudio(isBusy);
  const exporting = useStudio(isRunning('export'));
  const settings = useStudio((state) => state.settings);
  const written = useStudio(({ exports }) => exports.get(run.run));
  // A file that was written for another aim is not offered under this one.
  const report = isWrittenOtherwise(run.recipe, settings) ? undefined : written;
  return (
    <section aria-labelledby="compare-export">
      <div className={styles.title}>
        <h3 id="compare-export">Export</h3>
        <span>
          Run {run.run}, {AIM_WORDS[settings.export?.aim ?? 'speed']}
        </span>
      </div>
      <div className={styles.controls}>
        {report ? (
          report.files.map(({ name, blob }) => (
            <Button key={name} size="compact-sm" onClick={() => save(name, blob)} title={`Download ${name}`}>
              {report.files.length === 1 ? 'Download .onnx' : name} · {formatBytes(blob.size)}
            </Button>
          ))
        ) : (
          <Button
            size="compact-sm"
            variant="default"
            loading={exporting}
            disabled={busy && !exporting}
            onClick={() => void exportRun(run.run)}
          >
            Write and verify .onnx
          </Button>
        )}
        <Button size="compact-sm" variant="default" onClick={() => void exportRecipe(run)}>
          Recipe (.json)
        </Button>
      </div>
      <p className={styles.note} aria-live="polite">
        {report
          ? `${describeReadBack(report.readBack)} Verifying took ${(report.readBack.ms / 1000).toFixed(1)} s.`
          : 'The file is read back and run before you can download it.'}
      </p>
      {report && (
        <p className={styles.hash} title="SHA-256 of the .onnx file">
          SHA-256 {report.sha256}
        </p>
      )}
    </section>
  );
}
