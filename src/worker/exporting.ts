import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { FileToWrite } from '../engine/model/write';
import type { LongCall } from '../engine/progress';
import type { ExportReport } from './protocol';

type Written = Pick<ExportReport, 'files' | 'bytes' | 'sha256'>;

/** Writes the files into Blobs, which the browser may keep on disk. The hash covers all files in order. */
export async function writeBlobs(files: readonly FileToWrite[], call: LongCall): Promise<Written> {
  const hash = sha256.create();
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
    sha256: bytesToHex(hash.digest()),
  };
}
