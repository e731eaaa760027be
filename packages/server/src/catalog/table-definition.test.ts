import type { DeltacatError } from '@deltacat/contract';
import { arrowSchema, deserializeSchema, schemaFields, serializeSchema } from '@deltacat/io-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerContext } from '../context.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { type AskedTable, defineTable } from './table-definition.ts';

let server: TestServer;
let context: ServerContext;
beforeAll(async () => {
  server = await startTestServer();
  context = server.context;
});
afterAll(() => server.close());

const FIELDS = [
  { name: 'id', type: 'int64', past_default: undefined, future_default: undefined },
  { name: 'at', type: 'timestamp[us]', past_default: undefined, future_default: undefined },
];

function refusal(asked: AskedTable): string {
  try {
    defineTable(context, asked);
  } catch (error) {
    const { code, message } = error as DeltacatError;
    return `${code}: ${message}`;
  }
  return 'accepted';
}

const field = (name: string, type: string, more: object = {}) => ({
  ...{ name, type, past_default: undefined, future_default: undefined },
  ...more,
});

describe('schema', () => {
  test('a field list and the Arrow message of the same schema define the same table', () => {
    const listed = defineTable(context, { schema_def: FIELDS }).version.schema;
    const serialized = serializeSchema(arrowSchema(FIELDS));
    expect(defineTable(context, { schema_def: serialized }).version.schema).toEqual(listed);
  });

  test('the stored message says what the stored fields say', () => {
    const asked = [
      field('id', 'i8', { is_merge_key: true }),
      field('v', 'list<int64>', { past_default: [1], doc: 'x' }),
    ];
    const { schema } = defineTable(context, { schema_def: asked }).version;
    expect(schemaFields(deserializeSchema(schema?.serialized ?? ''))).toEqual(schema?.fields);
  });

  test('ids given stay and the others follow the highest', () => {
    const asked = [field('a', 'int64'), field('b', 'int64', { field_id: 7 }), field('c', 'int64')];
    const ids = defineTable(context, { schema_def: asked }).version.schema?.fields.map(({ field_id }) => field_id);
    expect(ids).toEqual([8, 7, 9]);
  });

  test('columns that rows are merged by are strict; others follow the property', () => {
    const asked = [
      field('id', 'int64', { is_merge_key: true, consistency_type: 'none' }),
      field('v', 'int64'),
      field('w', 'int64', { consistency_type: 'none' }),
    ];
    const table_properties = { default_schema_consistency_type: 'COERCE' };
    const { schema } = defineTable(context, { schema_def: asked, table_properties }).version;
    expect(schema?.fields.map(({ consistency_type }) => consistency_type)).toEqual(['validate', 'coerce', 'none']);
  });

  test('default values are kept, and a schema read back defines the same table', () => {
    const asked = [
      field('large', 'int64', { past_default: 2n ** 63n - 1n, future_default: 7 }),
      field('text', 'string', { past_default: 'ä' }),
      field('nested', 'list<string>', { future_default: ['a'] }),
    ];
    const { schema } = defineTable(context, { schema_def: asked }).version;
    const defaults = schema?.fields.map(({ past_default, future_default }) => [past_default, future_default]);
    expect(defaults).toEqual([
      [2n ** 63n - 1n, 7],
      ['ä', undefined],
      [undefined, ['a']],
    ]);
    expect(defineTable(context, { schema_def: schema?.fields ?? null }).version.schema).toEqual(schema);
  });

  const refused: { title: string; schema_def: AskedTable['schema_def']; says: string }[] = [
    { title: 'no field at all', schema_def: [], says: 'at least one field' },
    { title: 'two names that differ in case', schema_def: [field('a', 'int8'), field('A', 'int8')], says: '"A"' },
    {
      title: 'one id twice',
      schema_def: [field('a', 'int8', { field_id: 1 }), field('b', 'int8', { field_id: 1 })],
      says: 'field_id 1',
    },
    { title: 'an id out of range', schema_def: [field('a', 'int8', { field_id: 2 ** 40 })], says: 'too large' },
    { title: 'an unknown type', schema_def: [field('a', 'integer')], says: 'Field "a"' },
    { title: 'text that is no Arrow message', schema_def: 'bm9uc2Vuc2U=', says: 'Arrow IPC' },
    { title: 'a float merge key', schema_def: [field('k', 'double', { is_merge_key: true })], says: 'merge key' },
    { title: 'a nested merge key', schema_def: [field('k', 'list<int64>', { is_merge_key: true })], says: 'merge key' },
    {
      title: 'text as the event time',
      schema_def: [field('t', 'string', { is_event_time: true })],
      says: 'event time',
    },
    {
      title: 'rows ordered by a struct',
      schema_def: [field('o', 'struct<x: int64>', { merge_order: { sort_order: 'ascending', null_order: 'at_end' } })],
      says: 'order rows',
    },
  ];
  test.each(refused)('$title is refused', ({ schema_def, says }) => {
    expect(refusal({ schema_def })).toMatch(/^invalid_schema: /);
    expect(refusal({ schema_def })).toContain(says);
  });

  test('a default that nests too deep is refused, not a crash', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100; depth += 1) deep = [deep];
    expect(refusal({ schema_def: [field('a', 'int64', { past_default: deep })] })).toMatch(/^invalid_schema: /);
  });
});

describe('schemes', () => {
  test('a scheme gets an id, its keys their defaults', () => {
    const { version } = defineTable(context, {
      schema_def: FIELDS,
      partition_scheme: { keys: [{ key: ['id'] }, { key: ['at'], transform: 'year' }] },
      sort_scheme: { id: 5, keys: [{ key: ['at'], sort_order: 'descending' }] },
    });
    expect(version.partition_scheme).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      keys: [
        { key: ['id'], transform: 'identity' },
        { key: ['at'], transform: 'year' },
      ],
    });
    const keys = [{ key: ['at'], sort_order: 'descending', null_order: 'at_end' }];
    expect(version.sort_scheme).toEqual({ id: '5', keys });
  });

  test('a scheme without keys is none', () => {
    const { version } = defineTable(context, { partition_scheme: { keys: [] }, sort_scheme: { keys: [] } });
    expect([version.partition_scheme, version.sort_scheme]).toEqual([null, null]);
  });

  const refused: { title: string; asked: AskedTable; says: string }[] = [
    { title: 'a missing partition column', asked: { partition_scheme: { keys: [{ key: ['x'] }] } }, says: '"x"' },
    { title: 'a missing sort column', asked: { sort_scheme: { keys: [{ key: ['x'] }] } }, says: '"x"' },
    {
      title: 'an unknown transform',
      asked: { partition_scheme: { keys: [{ key: ['id'], transform: 'bucket[4]' }] } },
      says: 'bucket(N)',
    },
    {
      title: 'two columns under identity',
      asked: { partition_scheme: { keys: [{ key: ['id', 'at'] }] } },
      says: 'identity takes one column',
    },
    {
      title: 'one key twice',
      asked: { partition_scheme: { keys: [{ key: ['id'] }, { key: ['id'], transform: 'IDENTITY' }] } },
      says: 'twice',
    },
    {
      title: 'a sort key with a transform',
      asked: { sort_scheme: { keys: [{ key: ['id'], transform: 'bucket(2)' }] } },
      says: 'not possible',
    },
  ];
  test.each(refused)('$title is refused', ({ asked, says }) => {
    expect(refusal({ schema_def: FIELDS, ...asked })).toMatch(/^invalid_schema: /);
    expect(refusal({ schema_def: FIELDS, ...asked })).toContain(says);
  });
});

describe('formats and properties', () => {
  test('the default format is the first, none named is Parquet', () => {
    const types = (asked: AskedTable) => defineTable(context, asked).version.content_types;
    expect(types({})).toEqual(['parquet']);
    expect(types({ content_type: 'csv' })).toEqual(['csv']);
    expect(types({ content_types: ['parquet', 'csv'], default_content_type: 'csv' })).toEqual(['csv', 'parquet']);
  });

  test('words that the server acts on are checked, other properties are free', () => {
    const table_properties = { read_optimization_level: 'MAX', free: { any: ['thing'] }, absent: null };
    expect(defineTable(context, { table_properties }).properties).toEqual({
      read_optimization_level: 'max',
      free: { any: ['thing'] },
    });
    expect(refusal({ table_version_properties: { schema_evolution_mode: 3 } })).toMatch(/^invalid_request: .*manual/);
  });
});
