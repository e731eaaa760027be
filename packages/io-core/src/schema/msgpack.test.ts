import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Packed, packMessage, unpackMessage } from './msgpack.ts';

const leaf: fc.Arbitrary<Packed> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
  fc.string({ maxLength: 300, unit: 'binary' }),
  fc.uint8Array({ maxLength: 300 }),
);

const { value } = fc.letrec<{ value: Packed }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 20, noNullPrototype: true },
    ),
  ),
}));

test('what is packed is unpacked the same', () => {
  fc.assert(
    fc.property(value, (one) => {
      expect(plain(unpackMessage(packMessage(one)))).toEqual(plain(one));
    }),
  );
});

test.each([
  [5, '05'],
  [-1, 'ff'],
  [1.5, 'cb3ff8000000000000'],
  ['gripper', 'a76772697070657200'.slice(0, 16)],
  [[1, null], '9201c0'],
  [{ a: true }, '81a161c3'],
])('%j is the bytes that the specification names', (one, hex) => {
  expect(Buffer.from(packMessage(one)).toString('hex')).toBe(hex);
});

test.each(['', 'c1', 'a5616263', 'dc', '0505', 'c403ff', 'dfffffffff', '91'.repeat(100)])(
  'bytes that are none are refused: %s',
  (hex) => {
    expect(() => unpackMessage(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  },
);

function plain(one: unknown): unknown {
  if (one instanceof Uint8Array) return Buffer.from(one).toString('hex');
  if (Array.isArray(one)) return one.map(plain);
  if (typeof one !== 'object' || one === null) return one;
  return Object.fromEntries(Object.entries(one).map(([key, item]) => [key, plain(item)]));
}
