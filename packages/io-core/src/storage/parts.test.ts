import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinParts, lackingParts, type Part, sizeOfParts, splitParts } from './parts.ts';

const part = fc.tuple(fc.nat(60), fc.nat(12)).map(([offset, length]) => ({ offset, end: offset + length }));
const parts = fc.array(part, { maxLength: 12 });

const bytesOf = (some: Part[]) =>
  new Set(some.flatMap(({ offset, end }) => Array.from({ length: end - offset }, (_, index) => offset + index)));

test('joined parts hold the same bytes, in order and apart', () => {
  fc.assert(
    fc.property(parts, (some) => {
      const joined = joinParts(some);
      expect(bytesOf(joined)).toEqual(bytesOf(joined.toSorted((a, b) => a.offset - b.offset)));
      expect(bytesOf(joined)).toEqual(new Set([...bytesOf(some)].sort((a, b) => a - b)));
      expect(sizeOfParts(joined)).toBe(bytesOf(some).size);
      for (const [index, { offset }] of joined.entries()) {
        if (index > 0) expect(offset).toBeGreaterThan(joined[index - 1]?.end ?? 0);
      }
    }),
  );
});

test('parts within a gap are one', () => {
  const some = [
    { offset: 30, end: 40 },
    { offset: 0, end: 10 },
    { offset: 15, end: 20 },
  ];
  expect(joinParts(some, 5)).toEqual([
    { offset: 0, end: 20 },
    { offset: 30, end: 40 },
  ]);
});

test('lacking parts are those bytes that are wanted and not held', () => {
  fc.assert(
    fc.property(parts, parts, (wanted, held) => {
      const lacking = lackingParts(wanted, held);
      expect(bytesOf(lacking)).toEqual(bytesOf(wanted).difference(bytesOf(held)));
      expect(sizeOfParts(lacking)).toBe(bytesOf(lacking).size);
    }),
  );
});

test('split parts hold the same bytes, none more than was said', () => {
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 9 }), (some, most) => {
      const split = splitParts(joinParts(some), most);
      expect(bytesOf(split)).toEqual(bytesOf(some));
      for (const each of split) expect(each.end - each.offset).toBeLessThanOrEqual(most);
    }),
  );
});
