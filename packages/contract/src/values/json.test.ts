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

/** What a parser that is asked about every value makes of a text. */
function parseSlowly(text: string): unknown {
  return JSON.parse(text, ((_key: string, value: unknown, { source = '' }: { source?: string } = {}) => {
    const isRounded = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
    return isRounded ? BigInt(source) : value;
  }) as (key: string, value: unknown) => unknown);
}

test('digits are integers where they stand for a value, and text in texts', () => {
  const piece = fc.constantFrom(
    ...[
      '"',
      '\\',
      '\\\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      ' ',
      '-',
      '.',
      'e',
      '+',
      '0',
      '1',
      'a',
      'int:',
      '"int:',
      '"\\u0069nt:1"',
      '\\n',
    ],
    ...['9007199254740993', '-18446744073709551616', '1234567890123456', '00000000000000001', '"a":', '[1,'],
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.array(piece, { maxLength: 8 }).map((pieces) => `[9007199254740993,${JSON.stringify(pieces.join(''))},1.5]`),
    fc.array(piece, { maxLength: 8 }).map((pieces) => `{${JSON.stringify(pieces.join(''))}:-9007199254740993}`),
    fc.array(piece, { maxLength: 4 }).map((pieces) => `[9007199254740993,${pieces.join('')}]`),
  );
  const outcome = (parse: (text: string) => unknown, of: string) => {
    try {
      return { value: parse(of) };
    } catch (error) {
      return { error: error instanceof SyntaxError };
    }
  };
  fc.assert(
    fc.property(text, (of) => {
      expect(outcome(parseJson, of)).toEqual(outcome(parseSlowly, of));
    }),
    { numRuns: 3_000 },
  );
});

test('a key that objects have of their own is a key like others', () => {
  const value = parseJson('{"__proto__":9007199254740993}') as object;
  expect(Object.entries(value)).toEqual([['__proto__', 9007199254740993n]]);
});

test('canonical text ignores the order of keys and absent values', () => {
  expect(canonicalJson({ b: 1n, a: [{ d: null, c: 'x' }] })).toBe('{"a":[{"c":"x"}],"b":1}');
  expect(canonicalJson({ a: [{ c: 'x' }], b: 1n })).toBe(canonicalJson({ b: 1n, a: [{ d: undefined, c: 'x' }] }));
});

test('text that is no JSON is refused', () => {
  expect(() => parseJson('{"a": }')).toThrow(SyntaxError);
});
