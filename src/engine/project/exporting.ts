import { blobSource } from '../core/bytes';
import type { LongCall } from '../core/progress';
import { sha256 } from '../core/sha256';
import { among, type Model, readModel } from '../model/model';
import { type FileToWrite, writtenBytes } from '../model/write';
import type { Compressed } from '../recipe/finishedRun';
import { verify } from '../recipe/verify';
import type { ExportReport } from './engine';

type Written = Pick<ExportReport, 'files' | 'bytes' | 'sha256'>;

/** Writes a run into Blobs, reads them back and holds what was read against the run and the original. */
export async function exportRun(
  compressed: Compressed,
  original: Model,
  context: Parameters<typeof verify>[3],
): Promise<ExportReport> {
  const written = await writeBlobs(compressed.files, context);
  const [main, ...others] = written.files.map(({ name, blob }) => blobSource(blob, name));
  const readBack = await verify(await readModel(main!, among(others)), compressed, original, context);
  return { ...written, readBack };
}

/** Writes the files into Blobs, which the browser may keep on disk. The hash covers all files in order. */
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
