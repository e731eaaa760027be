import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatherColumn, rowsFrom } from './gather.ts';

const TYPES: [string, arrow.DataType, (number: number) => unknown][] = [
  ['int64', new arrow.Int64(), (number) => BigInt(number)],
  ['int8', new arrow.Int8(), (number) => number % 100],
  ['double', new arrow.Float64(), (number) => number / 7],
  ['bool', new arrow.Bool(), (number) => number % 3 === 0],
  ['string', new arrow.Utf8(), (number) => 'é'.repeat(number % 5) + number],
  ['large_string', new arrow.LargeUtf8(), (number) => `${number}`],
  ['binary', new arrow.Binary(), (number) => new Uint8Array([number & 255, 0])],
  ['timestamp', new arrow.TimestampMicrosecond(), (number) => number * 1_000],
  ['fixed_size_binary', new arrow.FixedSizeBinary(3), (number) => new Uint8Array([number & 255, 1, 2])],
  ['list', new arrow.List(new arrow.Field('item', new arrow.Int32(), true)), (number) => [number, number + 1]],
];

/** A chunk: its values, and the part of them that it is cut to. */
const CHUNK = fc.record({
  numbers: fc.array(fc.option(fc.integer({ min: 0, max: 999 }), { freq: 8 }), { maxLength: 20 }),
  cut: fc.option(fc.tuple(fc.nat(20), fc.nat(20))),
});

test.each(TYPES)('rows next to each other are those that were given, of any chunks and slices: %s', (_, type, make) => {
  fc.assert(
    fc.property(
      fc.array(CHUNK, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.tuple(fc.nat(80), fc.nat(80)),
      (given, nulls, [skip, take]) => {
        const chunks = given.flatMap(({ numbers, cut }) => {
          const kept = nulls ? numbers : numbers.filter((number) => number !== null);
          const whole = arrow.vectorFromArray(
            kept.map((number) => (number === null ? null : make(number))),
            type,
          );
          return (cut ? whole.slice(Math.min(...cut), Math.max(...cut)) : whole).data;
        });
        if (chunks.length === 0) return;
        const all = new arrow.Vector(chunks);
        const first = Math.min(skip, all.length);
        const count = Math.min(take, all.length - first);
        const column = gatherColumn(chunks, rowsFrom(first, count));
        expect(column.length).toBe(count);
        expect(column.offset).toBe(0);
        expect(valuesOf(new arrow.Vector([column]))).toEqual(valuesOf(all).slice(first, first + count));
      },
    ),
    { numRuns: 100, ...(process.env.SEED && { seed: Number(process.env.SEED) }) },
  );
});

function valuesOf(vector: arrow.Vector): (string | null)[] {
  return Array.from({ length: vector.length }, (_, row) => {
    const value = vector.get(row);
    return value === null ? null : String(value instanceof arrow.Vector ? [...value] : value);
  });
}
