import type { QuantizedArrays } from '../../src/engine/backend/weights';
import { prepare } from '../../src/engine/gpu/products/prepare';
import { openSession } from '../../src/engine/gpu/session';
import { usualVariants } from '../../src/engine/gpu/variants';
import { DataType, modelBytes, node, tensor, value } from '../../src/engine/model/onnx/build';
import { quantizedOf } from '../../src/engine/operators/quantized/quantized';
import { ortMultiplier, type Peer } from './peers';

const BITS = 4;
const GROUP = 32;

/** Products whose second operand is kept in 4 bits, in groups of 32: this engine first. */
export async function quantizedPeers(): Promise<Peer[]> {
  return [await own(), onnxruntime()];
}

/** b [k, n] as a weight [n, k] of symmetric codes around 8, low nibble first. */
function quantize(b: Float32Array, k: number, n: number): QuantizedArrays {
  const blocks = k / GROUP;
  const codes = new Uint8Array((n * k * BITS) / 8);
  const scales = new Float32Array(n * blocks);
  for (let row = 0; row < n; row++) {
    for (let block = 0; block < blocks; block++) {
      const at = (i: number) => b[(block * GROUP + i) * n + row]!;
      let largest = 0;
      for (let i = 0; i < GROUP; i++) largest = Math.max(largest, Math.abs(at(i)));
      const scale = largest / 7;
      scales[row * blocks + block] = scale;
      for (let i = 0; i < GROUP; i++) {
        const code = Math.round(at(i) / scale) + 8;
        codes[(row * k + block * GROUP + i) >> 1]! |= code << (4 * (i & 1));
      }
    }
  }
  return { rows: n, columns: k, bits: BITS, blockSize: GROUP, codes, scales };
}

async function own(): Promise<Peer> {
  const session = (await openSession(navigator.gpu, { panelBytes: Number.POSITIVE_INFINITY }))!;
  const { device, buffers, dispatcher, productPace: pace, panelBytes } = session;
  return {
    name: 'carrara',
    async open(m, k, n, a, b) {
      const codes = quantize(b, k, n);
      const product = await prepare(
        { buffers, dispatcher, pace, panelBytes, variants: usualVariants(device) },
        quantizedOf([n, k], 'float32', codes),
      );
      const x = buffers.upload(a, 'x');
      return {
        async run(count) {
          for (let i = 0; i < count; i++) buffers.free(await product.apply(x, m, { wait: false }));
          await dispatcher.settle();
        },
        async read() {
          const y = await product.apply(x, m);
          const values = new Float32Array(await buffers.read(y));
          buffers.free(y);
          return values;
        },
        free() {
          product.free();
          buffers.free(x);
        },
      };
    },
  };
}

function onnxruntime(): Peer {
  return {
    name: 'onnxruntime-web',
    async open(m, k, n, a, b) {
      const { codes, scales } = quantize(b, k, n);
      const attributes = { K: k, N: n, bits: BITS, block_size: GROUP };
      const model = modelBytes({
        nodes: [node('MatMulNBits', ['a', 'codes', 'scales'], ['c'], attributes, { domain: 'com.microsoft' })],
        inputs: [value('a', DataType.FLOAT, [m, k])],
        outputs: [value('c', DataType.FLOAT, [m, n])],
        initializers: [
          tensor('codes', [n, k / GROUP, (GROUP * BITS) / 8], codes),
          tensor('scales', [n, k / GROUP], scales),
        ],
        domains: { 'com.microsoft': 1 },
      });
      return ortMultiplier(model, [{ name: 'a', values: a, dims: [m, k] }]);
    },
  };
}
