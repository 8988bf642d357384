import type { TensorProto } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../core/bytes';
import { DataType } from './onnx/build';
import { bytesOf, external, holding, read, refusal, sound, tensorOf } from './reading.fixtures';

const { FLOAT, INT64, INT32, BOOL, STRING, UINT64 } = DataType;

describe('damage', () => {
  const raw = new Uint8Array(8);
  const edges: [what: string, held: TensorProto, fault: RegExp][] = [
    ['a negative size', tensorOf({ dims: [-1n, 2n], dataType: FLOAT, rawData: raw }), /shape \[-1, 2\], but no size/],
    ['two negative sizes', tensorOf({ dims: [-1n, -2n], dataType: FLOAT, rawData: raw }), /no size can be negative/],
    ['sizes beyond any file', tensorOf({ dims: [2n ** 40n, 2n ** 40n], dataType: FLOAT }), /more than a file can hold/],
    ['a size beyond 2^53', tensorOf({ dims: [2n ** 62n], dataType: FLOAT }), /more than a file can hold/],
    [
      'more than its shape',
      tensorOf({ dims: [1n], dataType: FLOAT, rawData: raw }),
      /has 8 bytes where its shape needs 4/,
    ],
    [
      'less than its shape',
      tensorOf({ dims: [3n], dataType: FLOAT, rawData: raw }),
      /has 8 bytes where its shape needs 12/,
    ],
    ['nothing', tensorOf({ dims: [1n], dataType: FLOAT }), /has 0 bytes where its shape needs 4/],
    ['numbers in the wrong field', tensorOf({ dims: [1n], dataType: INT64, floatData: [1] }), /has 0 bytes where .* 8/],
    ['more int32_data than its shape', tensorOf({ dims: [2n], dataType: BOOL, int32Data: [1, 0, 1] }), /has 3 bytes/],
    ['no type', tensorOf({ dims: [1n], rawData: raw }), /elements of type 0, which ONNX does not have/],
    ['a type that is not there', tensorOf({ dims: [1n], dataType: 99, rawData: raw }), /elements of type 99/],
    [
      'too few strings',
      tensorOf({ dims: [2n], dataType: STRING, stringData: [raw] }),
      /has 1 strings where .* needs 2/,
    ],
    ['strings elsewhere', Object.assign(external('w', 'w.bin'), { dataType: STRING }), /holds text, but its data are/],
    [
      'an offset of letters',
      external('w', 'w.bin', { offset: 'abc' }),
      /the offset "abc", which is no number of bytes/,
    ],
    ['a negative offset', external('w', 'w.bin', { offset: '-4' }), /the offset "-4", which is no number/],
    ['an empty offset', external('w', 'w.bin', { offset: '' }), /the offset "", which is no number/],
    ['an offset like 1e3', external('w', 'w.bin', { offset: '1e3' }), /the offset "1e3", which is no number/],
    [
      'a length beyond 2^53',
      external('w', 'w.bin', { length: '99999999999999999999' }),
      /the length "9+", which is no/,
    ],
    ['a length beyond its shape', external('w', 'w.bin', { length: '20' }), /has 20 bytes where its shape needs 16/],
    ['a length below its shape', external('w', 'w.bin', { length: '12' }), /has 12 bytes where its shape needs 16/],
  ];
  it.each(edges)('is named with its tensor: %s', async (_, held, fault) => {
    held.name = 'w';
    const message = await refusal(() => read(bytesOf(holding(held)), memorySource(new Uint8Array(64), 'w.bin')));
    expect(message).toMatch(/^model\.onnx is damaged: tensor "w" .*; copy or download it again\.$/);
    expect(message).toMatch(fault);
  });

  it('is not what is whole: tensors without elements, every way to hold a type', async () => {
    const held: TensorProto[] = [
      tensorOf({ dims: [0n, 5n], dataType: FLOAT }),
      tensorOf({ dims: [], dataType: INT32, int32Data: [7] }),
      tensorOf({ dims: [3n], dataType: DataType.INT4, int32Data: [0x21, 3] }),
      tensorOf({ dims: [2n], dataType: DataType.BFLOAT16, int32Data: [1, 2] }),
      tensorOf({ dims: [2n], dataType: DataType.COMPLEX64, floatData: [1, 2, 3, 4] }),
      tensorOf({ dims: [1n], dataType: DataType.UINT32, uint64Data: [4_000_000_000n] }),
      tensorOf({ dims: [1n], dataType: UINT64, uint64Data: [1n] }),
      tensorOf({ dims: [1n], dataType: STRING, stringData: [new Uint8Array(0)] }),
    ];
    for (const [i, one] of held.entries()) one.name = `t${i}`;
    const proto = holding(sound());
    proto.graph!.initializer.push(...held);
    await expect(read(bytesOf(proto))).resolves.toBeDefined();
  });
});
