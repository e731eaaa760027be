import type { SchemaField } from '@deltacat/contract';
import { DataType, Dictionary, Field, Int32, List, Schema, Utf8 } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { arrowSchema, arrowType, deserializeSchema, schemaFields, serializeSchema, typeAlias } from './schema.ts';
import { PYARROW_SCHEMAS, UNUSABLE_SCHEMAS } from './testing/pyarrow-schemas.ts';

const summary = ({ name, type, nullable }: SchemaField) => [name, type, nullable];

const refused = expect.objectContaining({ code: 'invalid_schema' });

describe('a schema message of pyarrow', () => {
  test.each(['scalars', 'nested', 'metadata'] as const)(
    'tells the names, types and nulls that pyarrow prints: %s',
    (name) => {
      const { serialized, fields } = PYARROW_SCHEMAS[name];
      expect(schemaFields(deserializeSchema(serialized)).map(summary)).toEqual(fields);
    },
  );

  test.each(['scalars', 'nested', 'views', 'metadata'] as const)('comes back the same from our fields: %s', (name) => {
    const fields = schemaFields(deserializeSchema(PYARROW_SCHEMAS[name].serialized));
    const again = serializeSchema(arrowSchema(fields));
    expect(schemaFields(deserializeSchema(again))).toEqual(fields);
    expect(serializeSchema(arrowSchema(fields)), 'the same bytes each time').toBe(again);
  });

  test('has its large and view layouts read as plain ones', () => {
    const fields = schemaFields(deserializeSchema(PYARROW_SCHEMAS.views.serialized));
    expect(fields.map(({ type }) => type)).toEqual([
      'list<item: int8>',
      'string',
      'binary',
      'list<item: int8>',
      'list<item: list<item: string>>',
    ]);
  });

  test('tells ids, keys, consistency, documentation and defaults, also those of older writers', () => {
    const fields = schemaFields(deserializeSchema(PYARROW_SCHEMAS.metadata.serialized));
    expect(fields).toMatchObject([
      { name: 'id', field_id: 3, is_merge_key: true, consistency_type: 'validate' },
      { name: 'n', field_id: 4, past_default: 1.5, future_default: 2 },
      { name: 'raw', past_default: 'gripper' },
      { name: 't', past_default: '2023-11-14T22:13:20' },
      { name: 'w', past_default: '/wA=' },
      { name: 'd', doc: 'robot name' },
    ]);
  });

  test.each(Object.entries(UNUSABLE_SCHEMAS))('with a type that no table has is refused: %s', (_, serialized) => {
    expect(() => schemaFields(deserializeSchema(serialized))).toThrow(refused);
  });

  test.each([
    '',
    '!',
    'AAAA',
    '/////wAAAAA=',
    '/////xAAAAAAAAAAAAAAAAAAAAAAAAAA',
    PYARROW_SCHEMAS.scalars.serialized.slice(0, 400),
  ])('that is none is refused: %s', (text) => {
    expect(() => deserializeSchema(text)).toThrow(refused);
  });

  test('in which a dictionary and one within it have the same id is refused', () => {
    const inner = new Dictionary(new Utf8(), new Int32(), 7);
    const outer = new Dictionary(new List(new Field('item', inner, true)), new Int32(), 7);
    // Given its dictionaries, a schema does not look for them.
    const schema = new Schema([new Field('d', outer, true)], new Map(), new Map([[7, outer]]));
    expect(() => deserializeSchema(serializeSchema(schema))).toThrow(refused);
  });

  test('is refused in one piece when bytes of it change', () => {
    const bytes = Buffer.from(PYARROW_SCHEMAS.nested.serialized, 'base64');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x41;
      try {
        schemaFields(deserializeSchema(changed.toString('base64')));
      } catch (error) {
        expect(error, `byte ${at}`).toEqual(refused);
      }
    }
  });
});

describe('the fields of a table', () => {
  test('keep everything that Arrow has no word for', () => {
    const fields: SchemaField[] = [
      { name: 'robot', type: 'string', nullable: false, field_id: 0, is_merge_key: true, consistency_type: 'validate' },
      { name: 'seen', type: 'timestamp[us, tz=UTC]', nullable: true, field_id: 1, is_event_time: true },
      {
        name: 'rank',
        type: 'int32',
        nullable: true,
        field_id: 2,
        merge_order: { sort_order: 'descending', null_order: 'at_start' },
        past_default: 7,
        future_default: -1,
        doc: 'lower wins',
      },
      { name: 'mass', type: 'decimal128(10, 2)', nullable: true, past_default: '1.50' },
      { name: 'tags', type: 'list<item: string>', nullable: true, past_default: ['new'] },
      { name: 'born', type: 'date32[day]', nullable: true, past_default: '2026-03-31' },
    ];
    expect(schemaFields(deserializeSchema(serializeSchema(arrowSchema(fields))))).toEqual(fields);
  });

  test.each([
    ['int8', 128],
    ['int32', 1.5],
    ['int64', '7'],
    ['string', 7],
    ['bool', 1],
    ['date32[day]', 'soon'],
    ['timestamp[s]', '2026-03-31T12:00:00.5'],
    ['binary', 'not base64'],
  ])('refuse a default that is no value of the column: %s, %s', (type, past_default) => {
    expect(() => arrowSchema([{ name: 'a', type, past_default }])).toThrow(refused);
  });

  test('name the field whose type is unknown', () => {
    expect(() => arrowSchema([{ name: 'speed', type: 'int63' }])).toThrow(/"speed".*int63/);
  });

  test('refuse names that no file can hold', () => {
    expect(() => arrowSchema([{ name: 'a\0b', type: 'int8' }])).toThrow(refused);
    expect(() => arrowSchema([{ name: '\ud800', type: 'int8' }])).toThrow(refused);
  });
});

describe('a type alias', () => {
  test.each([
    ['float64', 'double'],
    ['float32', 'float'],
    ['half_float', 'halffloat'],
    ['float16', 'halffloat'],
    ['boolean', 'bool'],
    ['date32', 'date32[day]'],
    ['date64', 'date64[ms]'],
    ['utf8', 'string'],
    ['list<int64>', 'list<item: int64>'],
    ['large_list<item: int64>', 'list<item: int64>'],
    ['string_view', 'string'],
    ['decimal128(10,2)', 'decimal128(10, 2)'],
    ['decimal(5)', 'decimal128(5, 0)'],
    [' timestamp[us,tz=UTC] ', 'timestamp[us, tz=UTC]'],
    ['struct<a:int8,b:struct<>>', 'struct<a: int8, b: struct<>>'],
    ["map<string, int64 ('v'), keys_sorted>", 'map<string, int64, keys_sorted>'],
    ['dictionary<values=string, indices=int32>', 'dictionary<values=string, indices=int32, ordered=0>'],
  ])('%s is %s', (alias, canonical) => {
    expect(typeAlias(arrowType(alias))).toBe(canonical);
  });

  test.each([
    'timestamp[ns, tz=Europe/Berlin]',
    'timestamp[s, tz=-03:30]',
    'fixed_size_list<item: float>[4]',
    'fixed_size_binary[16]',
    'map<string, list<item: int8> not null>',
    'struct<speed (m/s): double, "a, b": int8 not null, : string>',
    'dictionary<values=string, indices=int8, ordered=1>',
    'decimal256(50, -3)',
  ])('%s is read and printed alike', (alias) => {
    expect(typeAlias(arrowType(alias))).toBe(alias);
  });

  test('holds a type serialized as a schema of one field', () => {
    const serialized = serializeSchema(arrowSchema([{ name: 'field', type: 'list<item: int8>' }]));
    expect(DataType.isList(arrowType(`arrow_schema_base64:${serialized}`))).toBe(true);
  });

  test.each([
    '',
    'int',
    'timestamp',
    'timestamp[m]',
    'timestamp[us, tz=Nowhere]',
    'timestamp[us, tz=+25:00]',
    'list<item: timestamp[us, tz=Europe/Nowhere]>',
    'time32[us]',
    'list',
    'list<>',
    'list<int8',
    'int8>',
    'struct<a>',
    'decimal128(39, 1)',
    'decimal128(0, 0)',
    'fixed_size_binary[0]',
    'dictionary<values=string, indices=string>',
    'union<int8>',
    'constructor',
    '__proto__',
  ])('that says nothing is refused: %s', (alias) => {
    expect(() => arrowType(alias)).toThrow(refused);
  });

  test('is refused when it nests without end', () => {
    expect(() => arrowType(`${'list<'.repeat(10_000)}int8${'>'.repeat(10_000)}`)).toThrow(/nests deeper/);
  });
});
