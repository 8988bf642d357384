/** Rows of bytes as rows of whole 32-bit words, the last word of each padded with zeros. */
export function rowsInWords(bytes: Uint8Array, rows: number, rowBytes: number): Uint32Array {
  const words = Math.ceil(rowBytes / 4);
  const padded = new Uint8Array(rows * words * 4);
  for (let i = 0; i < rows; i++) padded.set(bytes.subarray(i * rowBytes, (i + 1) * rowBytes), i * words * 4);
  return new Uint32Array(padded.buffer);
}
