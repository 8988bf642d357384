import { blobSource } from '../core/bytes';
import type { LongCall } from '../core/progress';
import { sha256 } from '../core/sha256';
import { type FileToWrite, writtenBytes } from '../model/write';
import type { Runtime } from '../runtime';
import type { ExportReport } from './engine';
import type { OpenedModel } from './openedModel';
import { exportTo } from './runs';

type Written = Pick<ExportReport, 'files' | 'bytes' | 'sha256'>;

/** Writes a run into Blobs, which a browser may keep on disk, and verifies what was written. */
export async function exportRun(
  opened: OpenedModel,
  run: number,
  runtime: Runtime,
  call: LongCall,
): Promise<ExportReport> {
  let written: Written | undefined;
  const write = async (files: readonly FileToWrite[]) => {
    written = await writeBlobs(files, call);
    return written.files.map(({ name, blob }) => blobSource(blob, name));
  };
  const readBack = await exportTo(opened, run, write, runtime, call);
  return { ...written!, readBack };
}

/** The hash covers all files in order. */
async function writeBlobs(files: readonly FileToWrite[], call: LongCall): Promise<Written> {
  const hash = sha256(writtenBytes(files));
  const written: { name: string; blob: Blob }[] = [];
  for (const file of files) {
    const pieces: Blob[] = [];
    let pending: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    for await (const chunk of file.chunks(call)) {
      hash.update(chunk);
      pending.push(chunk as Uint8Array<ArrayBuffer>);
      size += chunk.length;
      if (size < 1 << 22) continue;
      pieces.push(new Blob(pending));
      pending = [];
      size = 0;
    }
    written.push({ name: file.name, blob: new Blob([...pieces, ...pending], { type: 'application/octet-stream' }) });
  }
  return {
    files: written,
    bytes: written.reduce((sum, { blob }) => sum + blob.size, 0),
    sha256: await hash.hex(),
  };
}
