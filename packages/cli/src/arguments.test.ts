import { describe, expect, test, vi } from 'vitest';
import { parseTable, parseTime, parseUrl } from './arguments.ts';

describe('a table', () => {
  test('is a namespace and a name', () => {
    expect(parseTable('shop.fruit')).toEqual({ namespace: 'shop', table: 'fruit' });
  });

  test.each(['fruit', 'a.b.c', '.fruit', 'shop.', ''])('is not "%s", so that no table is made by a slip', (text) => {
    expect(() => parseTable(text)).toThrow('namespace.table');
  });
});

describe('a time', () => {
  const noon = 1_774_958_400_000_000_000n;

  test.each([
    ['2026-03-31T12:00:00Z', noon],
    ['2026-03-31T12:00:00', noon],
    ['2026-03-31 12:00', noon],
    ['2026-03-31T14:00:00+02:00', noon],
    ['2026-03-31T12:00:00.123456789', noon + 123_456_789n],
    ['2026-03-31', noon - 43_200_000_000_000n],
    ['1774958400000000000', noon],
  ])('%s is the same in every zone', (text, ns) => {
    vi.stubEnv('TZ', 'Asia/Tokyo');
    expect(parseTime(text)).toBe(ns);
    vi.unstubAllEnvs();
  });

  test.each([
    ['seconds', '1774958400'],
    ['milliseconds', '1774958400000'],
    ['microseconds', '1774958400000000'],
  ])('in %s is refused with the nanoseconds that were meant', (unit, text) => {
    expect(() => parseTime(text)).toThrow(`${unit}: write 1774958400000000000`);
  });

  test.each(['2026', '0', 'yesterday', 'March 31, 2026', '2026-02-31', '2026-03-31T25:00:00Z', '-5'])(
    '%s is refused',
    (text) => {
      expect(() => parseTime(text)).toThrow('nanoseconds since 1970');
    },
  );
});

describe('an address', () => {
  test.each(['127.0.0.1:8080', 'localhost:8080', 'ftp://x', ''])('is not "%s"', (text) => {
    expect(() => parseUrl(text)).toThrow('http://host:port');
  });

  test('is kept as it is written', () => {
    expect(parseUrl('http://localhost:8080/')).toBe('http://localhost:8080/');
  });
});
