import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../core/errors';
import type { HostTensor } from '../../runtime';
import { readNpy, writeNpy } from './npy';
import { readNpz, writeNpz } from './npz';

/** A .npy written field by field, independent of the writer under test. */
function npy(
  descr: string,
  shape: string,
  payload: ArrayLike<number>,
  { version = 1, fortran = false } = {},
): Uint8Array {
  const header = new TextEncoder().encode(
    `{'descr': ${descr}, 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }\n`,
  );
  const length = version === 1 ? [header.length, 0] : [header.length, 0, 0, 0];
  return Uint8Array.of(
    0x93,
    ...[...'NUMPY'].map((c) => c.charCodeAt(0)),
    version,
    0,
    ...length,
    ...header,
    ...Array.from(payload),
  );
}
const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const decode = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

describe('npy', () => {
  const arrays: readonly [string, HostTensor['type'], Exclude<HostTensor['data'], string[]>][] = [
    ['|b1', 'bool', Uint8Array.of(1, 0)],
    ['|i1', 'int8', Int8Array.of(-128, 127)],
    ['|u1', 'uint8', Uint8Array.of(0, 255)],
    ['<i2', 'int16', Int16Array.of(-32768, 258)],
    ['<u2', 'uint16', Uint16Array.of(65535, 258)],
    ['<i4', 'int32', Int32Array.of(-2, 0x01020304)],
    ['<u4', 'uint32', Uint32Array.of(2 ** 32 - 1, 3)],
    ['<i8', 'int64', BigInt64Array.of(-5n, 2n ** 60n)],
    ['<u8', 'uint64', BigUint64Array.of(2n ** 64n - 1n, 7n)],
    ['<f2', 'float16', Uint16Array.of(0x3c00, 0xc000)],
    ['<f4', 'float32', Float32Array.of(1.5, -2e-20)],
    ['<f8', 'float64', Float64Array.of(Math.PI, -1e300)],
  ];

  it.each(arrays)('reads %s in both byte orders, and what is written is read back', (descr, type, data) => {
    const little = bytesOf(data);
    const expected = { type, dims: [2], data };
    expect(readNpy(npy(`'${descr}'`, '(2,)', little), 'x')).toEqual(expected);
    const width = data.BYTES_PER_ELEMENT;
    const big = [little.slice(0, width).reverse(), little.slice(width).reverse()].flatMap((part) => [...part]);
    expect(readNpy(npy(`'${descr.replace('<', '>')}'`, '(2,)', big), 'x')).toEqual(expected);
    expect(readNpy(writeNpy(expected), 'x')).toEqual(expected);
  });

  it.each([1, 2, 3])('reads version %i, scalars and empty arrays', (version) => {
    expect(readNpy(npy("'|u1'", '()', [9], { version }), 'x')).toEqual({
      type: 'uint8',
      dims: [],
      data: Uint8Array.of(9),
    });
    expect(readNpy(npy("'|u1'", '(0, 3)', [], { version }), 'x').dims).toEqual([0, 3]);
  });

  it('brings Fortran order into C order', () => {
    const shape = [2, 3, 4];
    // Element (i, j, k) is 12i + 4j + k, so that C order counts up.
    const stored = Array.from(
      { length: 24 },
      (_, at) => 12 * (at % 2) + 4 * (Math.floor(at / 2) % 3) + Math.floor(at / 6),
    );
    const read = readNpy(npy("'|i1'", '(2, 3, 4)', stored, { fortran: true }), 'x');
    expect(read.dims).toEqual(shape);
    expect([...(read.data as Int8Array)]).toEqual(Array.from({ length: 24 }, (_, at) => at));
  });

  it('reads an array that does not lie on its element size', () => {
    const file = npy("'<f4'", '(1,)', bytesOf(Float32Array.of(2.5)));
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect(readNpy(shifted.subarray(1), 'x').data).toEqual(Float32Array.of(2.5));
  });

  it.each([
    ["'|O'", 'Python objects'],
    ["'<U7'", 'text'],
    ["'|S3'", 'text'],
    ["'<c8'", 'complex numbers'],
    ["'<M8[D]'", 'dates'],
    ["[('a', '<f4')]", 'records'],
    ["'<f16'", 'elements of the type "<f16"'],
  ])('refuses %s, saying that it holds %s', (descr, what) => {
    expect(() => readNpy(npy(descr, '(1,)', new Uint8Array(64)), 'Array "y" in d.npz')).toThrow(UserError);
    expect(() => readNpy(npy(descr, '(1,)', new Uint8Array(64)), 'Array "y" in d.npz')).toThrow(
      `Array "y" in d.npz holds ${what}`,
    );
  });

  it('refuses what is cut short, wherever the cut is', () => {
    const file = npy("'<f4'", '(3,)', bytesOf(Float32Array.of(1, 2, 3)));
    for (let length = 0; length < file.length; length++) {
      expect(() => readNpy(file.subarray(0, length), 'x'), `cut at ${length}`).toThrow(UserError);
    }
    expect(() => readNpy(file.subarray(0, -1), 'x')).toThrow(
      'x is cut short: shape [3] needs 12 bytes of data, there are 11',
    );
  });

  it('refuses more data than the shape needs, and shapes that no array has', () => {
    expect(() => readNpy(npy("'|u1'", '(2,)', [1, 2, 3]), 'x')).toThrow(
      'x is damaged: shape [2] needs 2 bytes of data',
    );
    for (const shape of ['(0, 99999999999999999999)', `(${'1,'.repeat(65)})`, '(0, 1e9)'])
      expect(() => readNpy(npy("'|u1'", shape, []), 'x')).toThrow(UserError);
  });

  it('refuses another header', () => {
    expect(() => readNpy(npy("'<f4'", "'wide'", []), 'x')).toThrow('x has a header that cannot be understood');
    expect(() => readNpy(new TextEncoder().encode('1,2,3\n4,5,6\n'), 'x')).toThrow('x is not a NumPy array');
  });

  it('does not write text', () => {
    expect(() => writeNpy({ type: 'string', dims: [1], data: ['a'] })).toThrow(TypeError);
  });
});

describe('npz', () => {
  // np.savez_compressed(a=arange(6, '>i4') as 2×3 in Fortran order, h=[1.5, -2, 65504] f2, flag=True), numpy 2.4.
  const COMPRESSED =
    'UEsDBC0AAAAIAAAAIQA9JxwL//////////8FABQAYS5ucHkBABAAmAAAAAAAAABTAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6XaaKuo6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKxpo6CrUK5AMuBghgBGImIGYGYhYgZgUAUEsDBC0AAAAIAAAAIQDoGG3B//////////8FABQAaC5ucHkBABAAhgAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqSuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6mjoKtQoUAC4GO4YD/6sBUEsDBC0AAAAIAAAAIQCCLfjT//////////8IABQAZmxhZy5ucHkBABAAgQAAAAAAAABDAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF6TZKiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5Gpo6CrUKFAEuRgBQSwECLQMtAAAACAAAACEAPSccC1MAAACYAAAABQAAAAAAAAAAAAAAgAEAAAAAYS5ucHlQSwECLQMtAAAACAAAACEA6BhtwUoAAACGAAAABQAAAAAAAAAAAAAAgAGKAAAAaC5ucHlQSwECLQMtAAAACAAAACEAgi3400MAAACBAAAACAAAAAAAAAAAAAAAgAELAQAAZmxhZy5ucHlQSwUGAAAAAAMAAwCcAAAAiAEAAAAA';
  // np.savez(x=[[1, 2]] u1), stored.
  const STORED =
    'UEsDBC0AAAAAAAAAIQCcAuQb//////////8FABQAeC5ucHkBABAAggAAAAAAAACCAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJ3x1MScsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgxLCAyKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAQJQSwECLQMtAAAAAAAAACEAnALkG4IAAACCAAAABQAAAAAAAAAAAAAAgAEAAAAAeC5ucHlQSwUGAAAAAAEAAQAzAAAAuQAAAAAA';

  it('reads what numpy writes, deflated and stored', () => {
    expect(Object.fromEntries(readNpz(decode(COMPRESSED), 'a.npz'))).toEqual({
      a: { type: 'int32', dims: [2, 3], data: Int32Array.of(0, 2, 4, 1, 3, 5) },
      h: { type: 'float16', dims: [3], data: Uint16Array.of(0x3e00, 0xc000, 0x7bff) },
      flag: { type: 'bool', dims: [], data: Uint8Array.of(1) },
    });
    expect(readNpz(decode(STORED), 'b.npz').get('x')).toEqual({
      type: 'uint8',
      dims: [1, 2],
      data: Uint8Array.of(1, 2),
    });
  });

  it('reads back what it writes, and writes the same bytes twice', () => {
    const arrays = new Map<string, HostTensor>([
      ['x', { type: 'float32', dims: [2, 1], data: Float32Array.of(1, -1) }],
      ['labels', { type: 'int64', dims: [2], data: BigInt64Array.of(3n, -100n) }],
    ]);
    const bytes = writeNpz(arrays);
    expect(readNpz(bytes, 'x.npz')).toEqual(arrays);
    expect(writeNpz(arrays)).toEqual(bytes);
  });

  it('refuses what is no .npz, in one sentence with the name of the file', () => {
    const zip = writeNpz([['x', { type: 'float32', dims: [99], data: new Float32Array(99).map(Math.sin) }]]);
    const text = (words: string) => new TextEncoder().encode(words);
    const cases: [Uint8Array, string][] = [
      [text('not a zip'), 'd.npz is not an .npz file'],
      [zip.subarray(0, zip.length - 30), 'd.npz is cut short or damaged'],
      [zip.subarray(0, 60), 'd.npz is cut short or damaged'],
      [zipSync({}), 'd.npz holds no arrays'],
      [zipSync({ 'notes.txt': text('hi') }), 'd.npz holds "notes.txt", which is not an array'],
      [zipSync({ 'x.npy': text('hi') }), 'Array "x" in d.npz is not a NumPy array'],
    ];
    for (const [bytes, message] of cases) {
      expect(() => readNpz(bytes, 'd.npz'), message).toThrow(UserError);
      expect(() => readNpz(bytes, 'd.npz')).toThrow(message);
    }
  });
});
