/** A shader's source with its `#import`s resolved (see `scripts/wgsl.mjs`). */
declare module '*.wgsl' {
  const source: string;
  export default source;
}
