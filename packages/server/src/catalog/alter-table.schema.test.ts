import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Evolving, startEvolving } from '../testing/evolving.ts';

let e: Evolving;

const FIELDS = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'at', type: 'int64', is_event_time: true },
  { name: 'rank', type: 'int32', merge_order: { sort_order: 'descending' } },
  { name: 'v', type: 'int32' },
  { name: 'f', type: 'float', past_default: 0.5, future_default: 1.5 },
  { name: 's', type: 'struct<a: int32>' },
];

beforeEach(async () => {
  e = await startEvolving();
  await e.createTable('t', { schema_def: FIELDS });
});
afterEach(() => e.close());

const add = (name: string, type: string, more: object = {}) => ({ op: 'add' as const, field: { name, type, ...more } });
const update = (field_locator: string, field: object) => ({ op: 'update' as const, field_locator, field });
const remove = (field_locator: string) => ({ op: 'remove' as const, field_locator });
const forced = (...operations: object[]) => ({ operations, allow_incompatible_changes: true }) as never;

async function refusal(updates: unknown, more?: object): Promise<string> {
  const before = await e.state();
  const { status, body } = await e.alter(updates, more);
  expect(await e.state()).toEqual(before);
  return status < 400 ? 'accepted' : `${status} ${body.error.code}: ${body.error.message}`;
}

describe('columns', () => {
  test('are added, updated and removed in one revision, and earlier times keep theirs', async () => {
    const { body: first } = await e.altered([add('x', 'string'), update('v', { type: 'int64' })]);
    expect(first).toMatchObject({ altered: true, schema_id: 1 });
    expect(await e.kinds()).toEqual(['alter']);
    const { body: second } = await e.altered(forced(remove('x'), add('y', 'bool', { doc: 'why' })));
    expect(second).toMatchObject({ schema_id: 2 });
    expect(await e.kinds()).toEqual(['alter_incompatible']);
    expect((await e.columns()).slice(3)).toEqual(['v int64 3', 'f float 4', 's struct<a: int32> 5', 'y bool 7']);
    expect((await e.columns(`?as_of=${first.committed_at_ns}`)).at(-1)).toBe('x string 6');
    expect(await e.describe(`?as_of=${first.committed_at_ns}`)).toMatchObject({ schema_id: 1 });
  });

  test('are changed by what the newer Python client sends', async () => {
    const operations = [
      { op: 'add', field: { name: 'z', type: 'float', nullable: true } },
      { op: 'update_type', field_locator: 'v', new_type: 'int64' },
    ];
    const { body } = await e.altered({ operations, allow_incompatible_changes: false } as never);
    expect(body).toMatchObject({ table: 't', namespace: 'n', altered: true });
    expect((await e.columns()).slice(-4)).toEqual(['v int64 3', 'f float 4', 's struct<a: int32> 5', 'z float 6']);
  });

  test('never get an id that another one had, whatever was removed or rolled back', async () => {
    const { committed_at_ns } = (await e.altered([add('a', 'int64')])).body;
    await e.altered(forced(remove('a')));
    await e.altered([add('b', 'int64')]);
    expect((await e.columns()).at(-1)).toBe('b int64 7');
    await e.must(e.post('/v1/namespaces/n/tables/t/rollback', { as_of: committed_at_ns }));
    expect((await e.columns()).at(-1)).toBe('a int64 6');
    expect(await e.describe()).toMatchObject({ schema_id: 1 });
    expect((await e.altered([add('c', 'int64')])).body).toMatchObject({ schema_id: 4 });
    expect((await e.columns()).at(-1)).toBe('c int64 8');
    expect(await refusal([add('d', 'int64', { field_id: 7 })])).toContain('ids up to 8 were given');
    await e.altered([add('d', 'int64', { field_id: 20 }), add('g', 'int64')]);
    expect((await e.columns()).slice(-2)).toEqual(['d int64 20', 'g int64 21']);
  });

  test('take the default consistency of their table, the version before the table', async () => {
    const table_properties = { default_schema_consistency_type: 'coerce' };
    await e.altered([add('a', 'int64')], { table_properties });
    await e.altered([add('b', 'int64')], { table_version_properties: { default_schema_consistency_type: 'validate' } });
    const { schema } = await e.describe();
    const found = schema.slice(-2).map((field: { consistency_type?: string }) => field.consistency_type);
    expect(found).toEqual(['coerce', 'validate']);
    expect(schema[3].consistency_type).toBeUndefined();
  });

  test('that may not be null have a value in earlier rows: past_default, or the future_default that is alone', async () => {
    const given = { nullable: false, future_default: 7 };
    await e.altered([add('a', 'int64', given), add('b', 'int64', { ...given, past_default: 3 })]);
    const { schema } = await e.describe();
    expect(schema.slice(-2)).toMatchObject([
      { nullable: false, past_default: 7, future_default: 7 },
      { nullable: false, past_default: 3, future_default: 7 },
    ]);
    expect(await refusal([add('c', 'int64', { nullable: false })])).toContain('Give it a past_default');
  });

  test('may be forbidden to be null only with both defaults', async () => {
    expect(await refusal([update('v', { nullable: false })])).toContain('past_default and a future_default');
    expect(await refusal([update('v', { nullable: false, future_default: 1 })])).toContain('past_default and');
    await e.altered([update('f', { nullable: false })]);
    expect(await e.kinds()).toEqual(['alter_incompatible']);
  });

  test('keep their past_default, and may get another future_default or doc, or none', async () => {
    expect(await refusal([update('f', { past_default: 0.25 })])).toContain('The past_default of column "f"');
    expect(await refusal([update('v', { past_default: 1 })])).toContain('The past_default of column "v"');
    await e.altered([update('f', { past_default: 0.5, future_default: 2.5, doc: 'speed' })]);
    expect((await e.describe()).schema[4]).toMatchObject({ past_default: 0.5, future_default: 2.5, doc: 'speed' });
    await e.altered([update('f', { future_default: null, doc: null })]);
    const { schema } = await e.describe();
    expect(schema[4]).toMatchObject({ past_default: 0.5 });
    expect(schema[4]).not.toHaveProperty('future_default');
    expect(schema[4]).not.toHaveProperty('doc');
  });

  test('that got wider keep their defaults in the new type', async () => {
    await e.altered([update('f', { type: 'double' })]);
    expect((await e.describe()).schema[4]).toMatchObject({ type: 'double', past_default: 0.5, future_default: 1.5 });
  });

  test('become stricter only by force, and looser as they like', async () => {
    expect(await refusal([update('v', { consistency_type: 'coerce' })])).toContain('without allow_incompatible');
    await e.altered(forced(update('v', { consistency_type: 'validate' })));
    await e.altered([update('v', { consistency_type: 'coerce' })]);
    await e.altered([update('v', { consistency_type: 'validate' })]);
    expect(await e.kinds()).toEqual(['alter_incompatible']);
    await e.altered([update('v', { consistency_type: 'none' })]);
    expect(await e.kinds()).toEqual(['alter']);
  });

  test('may be updated twice in one request, with the same outcome as one after the other', async () => {
    await e.altered([update('v', { type: 'int64' }), { op: 'update_type', field_locator: 'v', new_type: 'double' }]);
    expect((await e.columns())[3]).toBe('v double 3');
  });

  test('are changed once by a repeated operation id', async () => {
    const path = '/v1/namespaces/n/tables/t?operation_id=o';
    const first = await e.server.request('PUT', path, { schema_updates: [add('x', 'int64')] });
    expect(await e.server.request('PUT', path, { schema_updates: [add('x', 'int64')] })).toMatchObject({
      body: first.body,
    });
    expect((await e.columns()).filter((column) => column.startsWith('x '))).toHaveLength(1);
  });
});

describe('what is refused changes nothing:', () => {
  test.each<[string, unknown, string]>([
    ['a column that exists', [add('v', 'int64')], '400 invalid_schema: Column "v" exists'],
    ['a column that exists in another case', [add('V', 'int64')], '400 invalid_schema: The schema has two fields'],
    [
      'a column without a type',
      [{ op: 'add', field: { name: 'x' } }],
      '400 invalid_schema: Column "x" was added without',
    ],
    ['a column without a name', [{ op: 'add', field: { type: 'int64' } }], '400 invalid_schema: An operation "add"'],
    ['a type that is none', [add('x', 'integer')], '400 invalid_schema: Field "x": Unknown type'],
    ['a default of another type', [add('x', 'int64', { past_default: 'a' })], '400 invalid_schema: Field "x"'],
    ['a default out of bounds', [add('x', 'int8', { future_default: 300 })], '400 invalid_schema: Field "x"'],
    ['a computed column', [add('x', 'int64', { computed_field: {} })], '400 not_supported: Column "x" is computed'],
    [
      'a further merge key',
      [add('x', 'int64', { is_merge_key: true })],
      '400 invalid_schema: Column "x" cannot become',
    ],
    ['removing without force', [remove('v')], '400 invalid_schema: Removing column "v"'],
    ['removing the merge key', forced(remove('id')), '400 invalid_schema: Column "id" is a merge key'],
    ['removing the event time', forced(remove('at')), '400 invalid_schema: Column "at" is the event time'],
    ['removing the merge order', forced(remove('rank')), '400 invalid_schema: Column "rank" is part of the merge'],
    ['a column that is not there', [remove('nope')], '400 unknown_column: The table has no column "nope"'],
    ['updating what is not there', [update('nope', {})], '400 unknown_column: The table has no column "nope"'],
    [
      'two kinds of operation',
      forced(update('v', {}), remove('v')),
      '400 invalid_schema: Column "v" has more than one',
    ],
    ['the same column twice', [add('x', 'int64'), add('x', 'int64')], '400 invalid_schema: Column "x" has more than'],
    ['removing twice', forced(remove('v'), remove('v')), '400 invalid_schema: Column "v" has more than one'],
    ['a narrower type', [update('at', { type: 'int32' })], '400 invalid_schema: Column "at" cannot become int32'],
    ['another sign', [update('v', { type: 'uint64' })], '400 invalid_schema: Column "v" cannot become uint64'],
    ['text for a number', [update('v', { type: 'string' })], '400 invalid_schema: Column "v" cannot become string'],
    ['a struct with less', [update('s', { type: 'struct<b: int32>' })], '400 invalid_schema: Column "s" cannot'],
    ['a float for a key', [update('id', { type: 'double' })], '400 invalid_schema: Field "id" of type double'],
    ['text for a key', forced(update('id', { type: 'string' })), '400 invalid_schema: Column "id" cannot become'],
    ['another merge key', [update('v', { is_merge_key: true })], '400 invalid_schema: The is_merge_key of column "v"'],
    ['no merge key', forced(update('id', { is_merge_key: false })), '400 invalid_schema: The is_merge_key of'],
    ['another event time', [update('at', { is_event_time: false })], '400 invalid_schema: The is_event_time of'],
    ['another id', [update('v', { field_id: 99 })], '400 invalid_schema: The field_id of column "v"'],
    ['another name', [update('v', { name: 'w' })], '400 invalid_schema: Column "v" cannot be renamed'],
    ['an update of nothing named', [{ op: 'update', field: {} }], '400 invalid_schema: An operation "update" names no'],
    [
      'a type update without type',
      [{ op: 'update_type', field_locator: 'v' }],
      '400 invalid_schema: Column "v": update_',
    ],
    ['an unknown operation', [{ op: 'rename', field_locator: 'v' }], '422 invalid_input'],
    ['no operation', [], '422 invalid_input'],
    ['no operations', {}, '422 invalid_input'],
    ['operations that are text', 'add x', '422 invalid_input'],
    ['operations that are null', { operations: null }, '422 invalid_input'],
    ['a name of nothing', [add('', 'int64')], '422 invalid_input'],
    ['a name with U+0000', [add('a\u0000b', 'int64')], '422 invalid_input'],
  ])('%s', async (_title, updates, says) => {
    expect((await refusal(updates)).slice(0, says.length)).toBe(says);
  });

  test('changes of a table without a schema', async () => {
    await e.createTable('files', {});
    const answer = await e.server.request('PUT', '/v1/namespaces/n/tables/files', {
      schema_updates: [add('x', 'int64')],
    });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'invalid_schema']);
  });

  test('every change while evolution is disabled, for the version before the table', async () => {
    const disabled = { schema_evolution_mode: 'disabled' };
    await e.server.request('PUT', '/v1/namespaces/n/tables/t', { table_properties: disabled });
    expect(await refusal([add('x', 'int64')])).toContain('schema_evolution_mode is disabled');
    await e.altered([add('x', 'int64')], { table_version_properties: { schema_evolution_mode: 'manual' } });
    await e.server.request('PUT', '/v1/namespaces/n/tables/t', { table_version_properties: disabled });
    expect(await refusal(forced(add('y', 'int64')))).toContain('schema_evolution_mode is disabled');
  });

  test('operations that were made for another revision, naming what came between', async () => {
    const { schema_id } = await e.describe();
    const operations = [add('x', 'int64')];
    const { body } = await e.altered({ operations, base_schema_id: schema_id });
    const late = await e.alter({ operations: [add('y', 'int64')], base_schema_id: schema_id });
    expect(late).toMatchObject({
      status: 409,
      body: { error: { code: 'concurrent_modification', retryable: true, details: { seq: body.seq } } },
    });
    expect(late.body.error.message).toContain('alter_table');
    await e.altered({ operations: [add('y', 'int64')], base_schema_id: body.schema_id });
  });

  test('of many that were made for one revision, all but one', async () => {
    const operations = Array.from({ length: 8 }, (_, index) => [add(`c${index}`, 'int64')]);
    const answers = await Promise.all(operations.map((some) => e.alter({ operations: some, base_schema_id: 0 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(409)]);
    expect((await e.columns()).length).toBe(FIELDS.length + 1);
  });

  test('more columns than a schema has', async () => {
    const many = Array.from({ length: 9_994 }, (_, index) => add(`c${index}`, 'int64'));
    expect(await refusal([...many, add('more', 'int64')])).toContain('at most 10000 fields');
    const { body } = await e.altered(many);
    expect(body.schema_id).toBe(1);
    expect((await e.columns()).length).toBe(10_000);
  }, 60_000);
});

describe('the sort scheme', () => {
  const sorted = (keys: object[], more: object = {}) =>
    e.server.request('PUT', '/v1/namespaces/n/tables/t', { sort_scheme: { keys, ...more } });

  test('is another for later files, while earlier ones keep theirs, and plans list both', async () => {
    await e.must(sorted([{ key: ['v'] }]));
    const first = (await e.describe()).sort_scheme.id;
    const before = await e.open('t');
    const old = await e.put(before.data_dir, [{ id: 1, v: 1 }], FIELDS as never);
    await e.must(e.commit(before, [{ ...old, sort_scheme_id: first }]));
    const opened = await e.open('t');
    const late = await e.put(opened.data_dir, [{ id: 2, v: 2 }], FIELDS as never);

    await e.must(sorted([{ key: ['at'], sort_order: 'descending' }]));
    const { sort_scheme } = await e.describe();
    expect(sort_scheme.keys).toMatchObject([{ key: ['at'], sort_order: 'descending', null_order: 'at_end' }]);
    expect(sort_scheme.id).not.toBe(first);
    // A session that was opened under the first scheme still lands: its files are sorted by that one.
    await e.must(e.commit(opened, [{ ...late, sort_scheme_id: first }]));
    const after = await e.open('t');
    const fresh = await e.put(after.data_dir, [{ id: 3, v: 3 }], FIELDS as never);
    await e.must(e.commit(after, [{ ...fresh, sort_scheme_id: sort_scheme.id }]));
    const { body } = await e.must(e.post('/v1/namespaces/n/tables/t/plan'));
    expect(body.sort_scheme.id).toBe(sort_scheme.id);
    expect(Object.keys(body.sort_schemes_by_id).sort()).toEqual([first, sort_scheme.id].sort());
    expect(await e.objects()).toHaveLength(3);
  });

  test('is taken away by one without keys, and stays when the same one is asked for', async () => {
    await e.must(sorted([{ key: ['v'] }]));
    const { sort_scheme } = await e.describe();
    await e.must(sorted([{ key: ['v'] }]));
    expect((await e.describe()).sort_scheme).toEqual(sort_scheme);
    await e.must(sorted([]));
    expect((await e.describe()).sort_scheme).toBeNull();
  });

  test('names columns that are there, by an id that stands for no other keys, and holds them', async () => {
    expect((await sorted([{ key: ['nope'] }])).body.error.code).toBe('invalid_schema');
    await e.must(sorted([{ key: ['v'] }], { id: 'mine' }));
    const reused = await sorted([{ key: ['f'] }], { id: 'mine' });
    expect([reused.status, reused.body.error.code]).toEqual([400, 'invalid_schema']);
    expect(await refusal(forced(remove('v')))).toContain('The sort scheme names "v"');
    await e.altered(forced(remove('v')), { sort_scheme: { keys: [] } });
    const together = { sort_scheme: { keys: [{ key: ['x'] }] } };
    await e.altered([add('x', 'int64')], together);
    expect((await e.describe()).sort_scheme.keys).toMatchObject(together.sort_scheme.keys);
  });
});

describe('the source of a partition scheme', () => {
  beforeEach(async () => {
    await e.server.request('DELETE', '/v1/namespaces/n/tables/t');
    const keys = [
      { key: ['day'] },
      { key: ['name'], transform: 'truncate(1)' },
      { key: ['id'], transform: 'bucket(4)' },
    ];
    const schema_def = [
      { name: 'day', type: 'int32' },
      { name: 'name', type: 'string' },
      { name: 'id', type: 'int32' },
    ];
    await e.createTable('t', { schema_def, partition_scheme: { keys } });
  });

  test('may become a wider whole number or text, whose values are in the same partitions', async () => {
    await e.must(e.post('/v1/namespaces/n/tables/t/write', { data: [{ day: 1, name: 'ab', id: 5 }] }));
    await e.altered([
      update('day', { type: 'int64' }),
      update('id', { type: 'int64' }),
      update('name', { type: 'large_string' }),
    ]);
    await e.must(e.post('/v1/namespaces/n/tables/t/write', { data: [{ day: 1, name: 'ac', id: 5 }] }));
    const filter = { and: [{ eq: ['day', 1] }, { eq: ['id', 5] }] } as never;
    expect(await e.objects({ filter })).toEqual([
      { day: 1n, name: 'ab', id: 5n },
      { day: 1n, name: 'ac', id: 5n },
    ]);
    expect(await e.describe()).toMatchObject({ partition_count: 1 });
  });

  test('is neither removed nor made a float, by force either', async () => {
    for (const column of ['day', 'id']) {
      expect(await refusal(forced(update(column, { type: 'double' })))).toContain('partitioned by it');
      expect(await refusal(forced(remove(column)))).toContain('partitioned by it');
    }
  });
});
