import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, parseJson, stringifyJson } from './json.ts';

test('64-bit integers survive a round trip as bare integers', () => {
  const text = '{"as_of":1711497600000000001,"position":9223372036854775807,"low":-9223372036854775808,"small":3}';
  const value = parseJson(text);
  expect(value).toEqual({
    as_of: 1711497600000000001n,
    position: 9223372036854775807n,
    low: -9223372036854775808n,
    small: 3,
  });
  expect(stringifyJson(value)).toBe(text);
});

test('fractions and exponents stay numbers', () => {
  expect(parseJson('[1e20, 1.5, 1234567890123456.5]')).toEqual([1e20, 1.5, 1234567890123456.5]);
});

test('any JSON value with any 64-bit integers comes back equal', () => {
  const leaf = fc.oneof(
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      leaf,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.string({ minLength: 1 }), tie('tree'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      expect(parseJson(stringifyJson(value))).toEqual(value);
    }),
  );
});

test('canonical text ignores the order of keys and absent values', () => {
  expect(canonicalJson({ b: 1n, a: [{ d: null, c: 'x' }] })).toBe('{"a":[{"c":"x"}],"b":1}');
  expect(canonicalJson({ a: [{ c: 'x' }], b: 1n })).toBe(canonicalJson({ b: 1n, a: [{ d: undefined, c: 'x' }] }));
});

test('text that is no JSON is refused', () => {
  expect(() => parseJson('{"a": }')).toThrow(SyntaxError);
});
