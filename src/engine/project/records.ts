import type { KeptSensitivity } from '../sensitivity/report';
import type { RecordKind, Reference } from '../store/records';
import type { RunReport } from './engine';
import type { KeptRun } from './keptRun';

/** A file of the open model, or of data. */
export interface KeptFile {
  readonly name: string;
  readonly bytes: number;
  /** What it is copied to; absent until then. */
  readonly artefact?: Reference;
}

/** A model that was opened. Its runs and the page's part are records of their own. */
export interface ProjectRecord {
  /** The model's file. */
  readonly name: string;
  /** The model's own file first, then its data files, by the location that the model gives. */
  readonly files: readonly KeptFile[];
  /** In the order in which they were opened. */
  readonly data: readonly (KeptFile & { readonly use?: 'calibration' })[];
  /** The largest number that a run has had: a run that was removed keeps its number. */
  readonly lastRun: number;
}

/** A finished run. */
export interface RunRecord {
  readonly report: RunReport;
  /** What the compressed model is made again from; absent where there was no room for it. */
  readonly kept?: KeptRun;
}

export const PROJECT: RecordKind<ProjectRecord> = { name: 'project', version: 1 };
export const RUN: RecordKind<RunRecord> = { name: 'run', version: 1 };
/** The page's own part, which only the page reads. */
export const PAGE: RecordKind<{ readonly page: unknown }> = { name: 'page', version: 1 };

/** What was measured of single layers. */
export const SENSITIVITY: RecordKind<KeptSensitivity> = { name: 'sensitivity', version: 1 };

export const runName = (project: string, run: number): string => `${project}-run-${run}`;
export const isRunOf = (name: string, project: string): boolean => name.startsWith(`${project}-run-`);
export const lockOf = (project: string): string => `project-${project}`;
