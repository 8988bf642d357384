// The page's security policy, as HTTP headers of every server here (`npm start`, preview, development), and as <meta>
// elements in the built page, for static hosts that set no headers.

/**
 * The page loads everything from its own origin and reaches nothing else: the browser enforces that nothing leaves this
 * machine.
 * - `wasm-unsafe-eval` compiles onnxruntime's WebAssembly; no text runs as a script.
 * - Styles come from files alone. What components set on their elements goes through the CSSOM, and the theme's variables
 *   through a constructed style sheet; neither needs `unsafe-inline`.
 * - `data:` images are the icon and those of style sheets; `blob:` holds pictures and exported files that the page made.
 */
const POLICY = {
  'default-src': "'self'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'style-src': "'self'",
  'img-src': "'self' data: blob:",
  'connect-src': "'self' blob:",
  'worker-src': "'self'",
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
};

/** A page elsewhere must not put this one in a frame. A <meta> element cannot say so. */
const HEADER_ONLY = { 'frame-ancestors': "'none'" };

/** Vite's development server writes scripts and styles into the page, and reloads it through a socket. */
const DEVELOPMENT = {
  'script-src': "'self' 'wasm-unsafe-eval' 'unsafe-inline'",
  'style-src': "'self' 'unsafe-inline'",
  'connect-src': "'self' blob: ws:",
};

const written = (policy) =>
  Object.entries(policy)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');

const OTHERS = {
  // SharedArrayBuffer, and with it onnxruntime's threads, exists only on cross-origin isolated pages.
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Permissions-Policy':
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=(), display-capture=()',
};

/** Of the built page. */
export const HEADERS = { ...OTHERS, 'Content-Security-Policy': written({ ...POLICY, ...HEADER_ONLY }) };

/** Of the development server. */
export const DEVELOPMENT_HEADERS = {
  ...OTHERS,
  'Content-Security-Policy': written({ ...POLICY, ...DEVELOPMENT, ...HEADER_ONLY }),
};

/** Writes the policy into the built page. */
export const policyInPage = () => ({
  name: 'policy-in-page',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: written(POLICY) },
      // Before everything that it governs.
      injectTo: 'head-prepend',
    },
    { tag: 'meta', attrs: { name: 'referrer', content: 'no-referrer' }, injectTo: 'head-prepend' },
  ],
});
