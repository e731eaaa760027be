import { DataType } from 'apache-arrow';
import { array, assert, constantFrom, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carries } from './fit.ts';
import { arrowType, typeAlias } from './schema.ts';
import { isWidening, mayRound, widerType } from './widen.ts';

const t = (alias: string) => arrowType(alias);

const INTEGERS = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'];
const SCALARS = [
  ...INTEGERS,
  ...['halffloat', 'float', 'double', 'bool', 'string', 'large_string', 'binary', 'large_binary'],
  ...['date32', 'timestamp[us]', 'timestamp[ms]', 'timestamp[us, tz=UTC]', 'decimal128(10, 2)', 'decimal128(12, 2)'],
];

/** Types of every kind, nested twice at most. */
const scalar = constantFrom(...SCALARS);
const flat = scalar.chain((type) =>
  array(scalar, { minLength: 1, maxLength: 3 }).chain((types) =>
    constantFrom(
      type,
      `list<${type}>`,
      `map<string, ${type}>`,
      `fixed_size_list<item: ${type}>[3]`,
      `struct<${types.map((one, index) => `f${index}: ${one}`).join(', ')}>`,
    ),
  ),
);
const types = flat.chain((type) => constantFrom(type, `list<${type}>`, `struct<f0: ${type}>`)).map(t);

describe('which types widen to which', () => {
  test.each([
    ['int8', 'int64', true],
    ['int64', 'int32', false],
    ['uint8', 'uint32', true],
    ['uint8', 'int16', false],
    ['int8', 'uint64', false],
    ['int64', 'float', true],
    ['uint64', 'double', true],
    ['float', 'double', true],
    ['double', 'float', false],
    ['double', 'int64', false],
    ['string', 'large_string', true],
    ['large_string', 'string', true],
    ['binary', 'large_binary', true],
    ['string', 'binary', false],
    ['int64', 'string', false],
    ['bool', 'int8', false],
    ['date32', 'timestamp[us]', false],
    ['timestamp[ms]', 'timestamp[us]', false],
    ['decimal128(10, 2)', 'decimal128(12, 2)', false],
    ['list<int32>', 'list<int64>', true],
    ['list<int64>', 'list<int32>', false],
    ['list<int32>', 'int32', false],
    ['fixed_size_list<item: float>[3]', 'fixed_size_list<item: double>[3]', true],
    ['fixed_size_list<item: float>[3]', 'fixed_size_list<item: float>[4]', false],
    ['map<string, int32>', 'map<string, int64>', true],
    ['struct<a: int32>', 'struct<a: int64, b: string>', true],
    ['struct<a: int32>', 'struct<a: int32, b: string not null>', false],
    ['struct<a: int32, b: string>', 'struct<a: int32>', false],
    ['struct<a: int32>', 'struct<a: int32 not null>', false],
    ['list<struct<a: int32>>', 'list<struct<a: int64, b: string>>', true],
  ])('%s to %s: %s', (from, to, widens) => {
    expect(isWidening(t(from), t(to))).toBe(widens);
  });

  test('every type widens to itself, and what widens twice widens at once', () => {
    assert(
      property(types, (type) => isWidening(type, type)),
      { numRuns: 300 },
    );
    const steps = property(types, types, types, (a, b, c) => {
      return !(isWidening(a, b) && isWidening(b, c)) || isWidening(a, c);
    });
    assert(steps, { numRuns: 2_000 });
  });

  test('what widens without rounding carries every value', () => {
    const carried = property(types, types, (from, to) => {
      return !isWidening(from, to) || mayRound(from, to) || carries(from, to);
    });
    assert(carried, { numRuns: 2_000 });
  });

  test('whole numbers survive in every float that does not round them', () => {
    const survives = property(constantFrom(...INTEGERS), constantFrom('halffloat', 'float', 'double'), (from, to) => {
      const type = t(from);
      if (!DataType.isInt(type) || mayRound(type, t(to))) return true;
      const bits = type.isSigned ? type.bitWidth - 1 : type.bitWidth;
      const greatest = 2 ** bits - 1;
      return (to === 'float' ? Math.fround(greatest) : greatest) === greatest && bits <= (BITS[to] ?? 0);
    });
    assert(survives);
    expect(mayRound(t('int32'), t('double'))).toBe(false);
    expect(mayRound(t('int64'), t('double'))).toBe(true);
    expect(mayRound(t('struct<a: list<int32>>'), t('struct<b: string, a: list<float>>'))).toBe(true);
  });
});

const BITS: Record<string, number> = { halffloat: 11, float: 24, double: 53 };

describe('a type for the values of two', () => {
  test.each([
    ['int32', 'int64', 'int64'],
    ['int64', 'int32', 'int64'],
    ['int32', 'double', 'double'],
    ['int64', 'double', null],
    ['double', 'int64', null],
    ['string', 'large_string', 'string'],
    ['int64', 'string', null],
    ['list<int32>', 'list<int64>', 'list<item: int64>'],
    ['struct<a: int32>', 'struct<b: string>', 'struct<a: int32, b: string>'],
    ['struct<a: int32, b: string>', 'struct<b: int64>', null],
    ['list<struct<a: int32>>', 'list<struct<a: int64, b: bool>>', 'list<item: struct<a: int64, b: bool>>'],
  ])('of %s and %s: %s', (a, b, wanted) => {
    const found = widerType(t(a), t(b));
    expect(found && typeAlias(found)).toBe(wanted);
  });

  test('is one that both widen to without rounding, whichever comes first', () => {
    const wider = property(types, types, (a, b) => {
      const [one, other] = [widerType(a, b), widerType(b, a)];
      if (one === null || other === null) return one === other;
      return [one, other].every((type) => [a, b].every((from) => isWidening(from, type) && !mayRound(from, type)));
    });
    assert(wider, { numRuns: 2_000 });
  });

  test('stays the first where that holds the values of the second', () => {
    const stays = property(types, types, (a, b) => {
      return !isWidening(b, a) || mayRound(b, a) || widerType(a, b) === a;
    });
    assert(stays, { numRuns: 1_000 });
  });

  test('of many is the same in whatever order they come', () => {
    const numbers = array(constantFrom(...['int8', 'int16', 'int32', 'int64']), { minLength: 2, maxLength: 5 });
    const folded = property(numbers, integer(), (aliases, seed) => {
      const fold = (some: string[]) => some.map(t).reduce((a, b) => widerType(a, b) ?? a);
      const turned = aliases.toSorted((a, b) => ((a.length * 7 + b.length * 3 + seed) % 3) - 1);
      return typeAlias(fold(aliases)) === typeAlias(fold(turned));
    });
    assert(folded);
  });
});
