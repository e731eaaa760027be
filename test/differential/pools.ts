import type { Random } from '../../packages/server/src/testing/random.ts';
import { type Cell, familyOf } from './values.ts';

const INSTANTS = ['0', '-1000000000', '1767225600000000000', '1772323200000000000', '1774958399000000000'];
const MICROS = [...INSTANTS, '1774958399123456000', '-62135596800000000000'];
const NANOS = [...INSTANTS, '1774958399123456789', '1774958399123456788'];

/** Cells of each type that meet at the edges: few, so that they meet often. */
export const POOLS: Record<string, string[]> = {
  bool: ['true', 'false'],
  int8: ['-128', '-1', '0', '1', '2', '3', '127'],
  int16: ['-32768', '-1', '0', '1', '2', '300'],
  int32: ['-2147483648', '-15', '-1', '0', '1', '2', '10', '11', '2147483647'],
  int64: ['-9223372036854775808', '-15', '0', '1', '2', '3', '9007199254740993', '9223372036854775807'],
  uint8: ['0', '1', '255'],
  uint16: ['0', '7', '65535'],
  uint32: ['0', '1', '4294967295'],
  uint64: ['0', '1', '9007199254740993', '18446744073709551615'],
  float: ['0', '-0', '1.5', '-2.25', '16777216', '0.10000000149011612'],
  double: ['0', '-0', '1.5', '0.1', '-1e+300', '5e-324', '9007199254740992', 'NaN', 'Infinity'],
  string: [
    '',
    'a',
    'A',
    'ab',
    'b',
    "it's",
    'a"b',
    'x,y',
    'tab\tq',
    'a|b',
    'new\nline',
    'é',
    '漢字',
    '🤖',
    '\uFF5E',
    'null',
  ],
  binary: ['', 'AA==', '/w==', '/wA=', 'QUI=', 'QQ=='],
  'date32[day]': ['1969-12-31', '1970-01-01', '2024-02-29', '2026-03-31', '9999-12-31'],
  'time64[us]': ['0', '45000000001000', '86399999999000'],
  'timestamp[s]': INSTANTS,
  'timestamp[ms]': [...INSTANTS, '1774958399123000000'],
  'timestamp[us]': MICROS,
  'timestamp[ns]': NANOS,
  'timestamp[us, tz=UTC]': MICROS,
  'decimal128(10, 2)': ['0.00', '-0.01', '12.50', '12.51', '99999999.99', '-99999999.99'],
  'decimal128(38, 10)': ['1234567890123456789012345678.0123456789', '0.0000000001', '-1.0000000000'],
  'list<item: int64>': ['[]', '["1",null,"3"]', '["9007199254740993"]'],
  'list<item: string>': ['[]', '["a",null,""]', '["🤖"]'],
  'struct<x: int64, y: string>': ['["1","a"]', '[null,""]', '["-5",null]'],
};

/** Types whose values can tell rows apart. */
export const KEY_TYPES = [
  'int32',
  'int64',
  'string',
  'string',
  'date32[day]',
  'timestamp[us]',
  'timestamp[ns]',
  'timestamp[us, tz=UTC]',
  'bool',
  'decimal128(10, 2)',
  'int8',
  'uint64',
] as const;

/** A cell of a type: from its pool, or in between. */
export function drawCell(random: Random, type: string): string {
  const pool = poolOf(type);
  if (random.below(4) > 0) return random.pick(pool);
  if (/^u?int/.test(type)) return String(random.below(100));
  if (familyOf(type) === 'text') return `${random.pick(['k', 'é', 'K'])}${random.below(30)}`;
  return random.pick(pool);
}

/** As {@link drawCell}, now and then null. */
export function drawNullable(random: Random, type: string): Cell {
  return random.below(5) === 0 ? null : drawCell(random, type);
}

function poolOf(type: string): [string, ...string[]] {
  const [first, ...others] = POOLS[type] ?? [];
  if (first === undefined) throw new Error(`no pool of ${type}`);
  return [first, ...others];
}
