import { gzipSync } from 'node:zlib';

/**
 * Watches which scripts a page loads, its workers' included. Call it before the page is loaded; the function it
 * returns gives each script's name, its bytes and its bytes after gzip −9, as a static host would send them.
 */
export function scriptSizes(page) {
  const responses = [];
  page.on('response', (response) => {
    if (/javascript/.test(response.headers()['content-type'] ?? '')) responses.push(response);
  });
  return async () => {
    const scripts = new Map();
    for (const response of responses) {
      const body = await response.body();
      const name = new URL(response.url()).pathname.split('/').pop();
      scripts.set(response.url(), { name, bytes: body.length, gzip: gzipSync(body, { level: 9 }).length });
    }
    return [...scripts.values()];
  };
}
