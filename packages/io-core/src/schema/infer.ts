import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { isArrowVector } from '../columns/arrow-shape.ts';
import { adoptType } from './adopt-type.ts';
import { TYPE_DEPTH_MAX } from './type-name.ts';

/** What has been seen of a column's values so far. */
interface Seen {
  name: string;
  depth: number;
  words: Set<Word>;
  items: unknown[][];
  objects: Record<string, unknown>[];
  typed: arrow.DataType | null;
}

type Word = 'bool' | 'int' | 'float' | 'string' | 'time' | 'bytes' | 'list' | 'object';

/**
 * The Arrow type that plain values ask for, null included: whole numbers and bigints int64, other numbers double, dates
 * timestamps of UTC. Values of several kinds in one column are `schema_mismatch`: they need a schema to say which.
 */
export function inferType(name: string, values: Iterable<unknown>, depth = 1): arrow.DataType {
  if (depth > TYPE_DEPTH_MAX) throw tooDeep(name);
  const seen: Seen = { name, depth, words: new Set(), items: [], objects: [], typed: null };
  let last = '';
  for (const value of values) {
    if (value === null || value === undefined) continue;
    // Most values are of the type of the one before; numbers may still be whole or not.
    if (typeof value === last && last !== 'object' && last !== 'number') continue;
    last = typeof value;
    note(seen, value);
  }
  const words = [...seen.words];
  const [word] = words;
  if (word === undefined) return new arrow.Null();
  if (words.length > 1) {
    if (words.every((item) => item === 'int' || item === 'float')) return new arrow.Float64();
    throw new DeltacatError(
      'schema_mismatch',
      `Column "${name}" mixes values of ${words.join(' and ')}; give the table a schema.`,
      {
        column: name,
      },
    );
  }
  return TYPES[word](seen);
}

const TYPES: Record<Word, (seen: Seen) => arrow.DataType> = {
  bool: () => new arrow.Bool(),
  int: () => new arrow.Int64(),
  float: () => new arrow.Float64(),
  string: () => new arrow.Utf8(),
  time: () => new arrow.Timestamp(arrow.TimeUnit.MICROSECOND, 'UTC'),
  bytes: () => new arrow.Binary(),
  list: ({ name, depth, items, typed }) => {
    const type = items.length === 0 && typed !== null ? typed : inferType(`${name}[]`, flatten(items), depth + 1);
    return new arrow.List(new arrow.Field('item', type, true));
  },
  object: ({ name, depth, objects }) => {
    const keys = new Set(objects.flatMap((object) => Object.keys(object)));
    const fieldOf = (key: string) =>
      new arrow.Field(
        key,
        inferType(
          `${name}.${key}`,
          objects.map((object) => object[key]),
          depth + 1,
        ),
        true,
      );
    return new arrow.Struct([...keys].map(fieldOf));
  },
};

function note(seen: Seen, value: unknown): void {
  const word = wordOf(seen.name, value);
  seen.words.add(word);
  // The word was found by looking at the value.
  if (word === 'object') seen.objects.push(value as Record<string, unknown>);
  if (word !== 'list') return;
  const typed = isArrowVector(value) ? adoptType(value.type) : typedItem(value);
  if (typed === null || (seen.typed !== null && seen.typed.toString() !== typed.toString())) {
    seen.items.push([...(value as Iterable<unknown>)]);
  } else seen.typed = typed;
}

function wordOf(name: string, value: unknown): Word {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'string') return 'string';
  if (value instanceof Date) return 'time';
  if (value instanceof Uint8Array) return 'bytes';
  if (Array.isArray(value) || typedItem(value) !== null || isArrowVector(value)) return 'list';
  if (typeof value === 'object') return 'object';
  throw new DeltacatError(
    'schema_mismatch',
    `Column "${name}" holds a ${typeof value}, which is no value of a table.`,
    {
      column: name,
    },
  );
}

function tooDeep(name: string): DeltacatError {
  const [column = name] = name.split(/[.[]/);
  return new DeltacatError(
    'schema_mismatch',
    `Column "${column}" holds values deeper than ${TYPE_DEPTH_MAX} levels, or one that holds itself; flatten them.`,
    { column },
  );
}

const TYPED_ITEMS: [new (length: number) => ArrayBufferView, () => arrow.DataType][] = [
  [Float64Array, () => new arrow.Float64()],
  [Float32Array, () => new arrow.Float32()],
  [Int8Array, () => new arrow.Int8()],
  [Int16Array, () => new arrow.Int16()],
  [Int32Array, () => new arrow.Int32()],
  [BigInt64Array, () => new arrow.Int64()],
  [Uint16Array, () => new arrow.Uint16()],
  [Uint32Array, () => new arrow.Uint32()],
  [BigUint64Array, () => new arrow.Uint64()],
];

/** The Arrow type of a typed array's items; null for what is no typed array. */
export function typedItem(value: unknown): arrow.DataType | null {
  return TYPED_ITEMS.find(([TypedArray]) => value instanceof TypedArray)?.[1]() ?? null;
}

function* flatten(items: unknown[][]): Iterable<unknown> {
  for (const list of items) yield* list;
}
