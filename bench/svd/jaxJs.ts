// jax-js's SVD of the float32 matrix in a file, in a process of its own: it takes WebGPU's globals for a browser's.
// `jaxJs.ts FILE ROWS COLUMNS` prints its time and singular values.
import { readFileSync } from 'node:fs';
import * as jax from '@jax-js/jax';

const [path, m, n] = process.argv.slice(2);
const { buffer, byteOffset, byteLength } = readFileSync(path!);
const values = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
// Its other backend in Node is plain JavaScript; a software adapter is slower than both.
await jax.init('wasm');
jax.defaultDevice('wasm');
const a = jax.numpy.array(values).reshape([Number(m), Number(n)]);
const started = performance.now();
const [u, s, v] = jax.numpy.linalg.svd(a, { fullMatrices: false });
await jax.blockUntilReady([u, s, v]);
const ms = performance.now() - started;
console.log(JSON.stringify({ ms, sigma: Array.from(await s.data()) }));
process.exit(0);
