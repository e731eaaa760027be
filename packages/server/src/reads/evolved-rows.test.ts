import type { Predicate } from '@deltacat/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Evolving, startEvolving } from '../testing/evolving.ts';

let e: Evolving;

beforeEach(async () => {
  e = await startEvolving();
});
afterEach(() => e.close());

const TABLE = '/v1/namespaces/n/tables/t';
const add = (name: string, type: string, more: object = {}) => ({ op: 'add' as const, field: { name, type, ...more } });
const widen = (field_locator: string, new_type: string) => ({ op: 'update_type' as const, field_locator, new_type });
const forced = (...operations: object[]) => ({ operations, allow_incompatible_changes: true }) as never;
const remove = (field_locator: string) => ({ op: 'remove' as const, field_locator });
const write = (data: object[], mode = 'auto') => e.must(e.post(`${TABLE}/write?mode=${mode}`, { data }));
const ids = (rows: Record<string, unknown>[]) => rows.map(({ id }) => Number(id)).sort((a, b) => a - b);

describe('rows that are older than a column', () => {
  beforeEach(async () => {
    const schema_def = [
      { name: 'id', type: 'int64' },
      { name: 'v', type: 'int32' },
    ];
    await e.createTable('t', { schema_def });
    await write([
      { id: 1, v: 10 },
      { id: 2, v: 20 },
    ]);
    await e.altered([
      add('x', 'int64', { past_default: 7, future_default: 9 }),
      add('s', 'string', { nullable: false, past_default: 'old', future_default: 'new' }),
      add('n', 'double'),
    ]);
    await write([{ id: 3, v: 30 }]);
    await write([{ id: 4, v: 40, x: 7, s: 'given', n: 0.5 }]);
  });

  test('have its past_default, or null; rows written without it have its future_default', async () => {
    const rows = [
      { id: 1n, v: 10, x: 7n, s: 'old', n: null },
      { id: 2n, v: 20, x: 7n, s: 'old', n: null },
      { id: 3n, v: 30, x: 9n, s: 'new', n: null },
      { id: 4n, v: 40, x: 7n, s: 'given', n: 0.5 },
    ];
    expect(await e.objects()).toEqual(rows);
    expect(ids(await e.preview())).toEqual([1, 2, 3, 4]);
    expect((await e.preview())[0]).toMatchObject({ x: 7, s: 'old', n: null });
  });

  test.each<[Predicate, number[]]>([
    [{ eq: ['x', 7] }, [1, 2, 4]],
    [{ eq: ['x', 9] }, [3]],
    [{ neq: ['x', 7] }, [3]],
    [{ gt: ['x', 8] }, [3]],
    [{ in: ['x', [7, 100]] }, [1, 2, 4]],
    [{ between: ['x', 1, 8] }, [1, 2, 4]],
    [{ is_null: 'x' }, []],
    [{ not: { is_null: 'x' } }, [1, 2, 3, 4]],
    [{ eq: ['s', 'old'] }, [1, 2]],
    [{ is_null: 'n' }, [1, 2, 3]],
    [{ not: { eq: ['n', 0.5] } }, []],
    [{ and: [{ eq: ['x', 7] }, { gte: ['v', 20] }] }, [2, 4]],
    [{ or: [{ eq: ['s', 'new'] }, { eq: ['s', 'old'] }] }, [1, 2, 3]],
  ])('are found by a filter that names it: %j', async (filter, wanted) => {
    expect(ids(await e.objects({ filter }))).toEqual(wanted);
    expect(ids(await e.preview(filter))).toEqual(wanted);
  });

  test('are read as they were at earlier times', async () => {
    const { committed_at_ns } = (await write([{ id: 5, v: 50 }])).body;
    await e.altered(forced(remove('x')));
    expect(await e.columns(`?as_of=${committed_at_ns}`)).toHaveLength(5);
    expect(Object.keys((await e.objects({ query: `?as_of=${committed_at_ns}` }))[0] ?? {})).toHaveLength(5);
    expect(Object.keys((await e.objects())[0] ?? {})).toEqual(['id', 'v', 's', 'n']);
  });
});

describe('columns that became wider', () => {
  test('have all their rows in the new type, and filters find them by values of it', async () => {
    const schema_def = ['int8', 'uint16', 'int32', 'float', 'struct<a: int32>', 'list<struct<a: int8>>'].map(
      (type, index) => ({ name: `c${index}`, type }),
    );
    await e.createTable('t', { schema_def: [{ name: 'id', type: 'int64' }, ...schema_def] });
    await write([{ id: 1, c0: -5, c1: 500, c2: 70_000, c3: 0.5, c4: { a: 1 }, c5: [{ a: 1 }] }]);
    await e.altered([
      ...[widen('c0', 'int64'), widen('c1', 'uint64'), widen('c2', 'double'), widen('c3', 'double')],
      ...[widen('c4', 'struct<a: int64, b: string>'), widen('c5', 'list<struct<a: int16, b: bool>>')],
    ]);
    const more = { c3: 1e300, c4: { a: 2 ** 40, b: 'x' }, c5: [{ a: 300, b: true }] };
    await write([{ id: 2, c0: 2 ** 40, c1: 2 ** 40, c2: 0.25, ...more }]);
    expect(await e.objects()).toEqual([
      {
        ...{ id: 1n, c0: -5n, c1: 500n, c2: 70_000, c3: 0.5 },
        ...{ c4: { a: 1n, b: null }, c5: [{ a: 1, b: null }] },
      },
      { id: 2n, c0: 2n ** 40n, c1: 2n ** 40n, c2: 0.25, c3: 1e300, c4: { a: 2n ** 40n, b: 'x' }, c5: more.c5 },
    ]);
    expect(ids(await e.objects({ filter: { lt: ['c0', 2 ** 41] } }))).toEqual([1, 2]);
    expect(ids(await e.objects({ filter: { gt: ['c2', 69_999.5] } }))).toEqual([1]);
    expect(ids(await e.preview({ lt: ['c2', 0.5] }))).toEqual([2]);
  });

  test('of whole numbers become floats where the files show that none is rounded, else by force alone', async () => {
    await e.createTable('t', { schema_def: [{ name: 'id', type: 'int64' }] });
    await e.altered([widen('id', 'double')]);
    await e.createTable('u', { schema_def: [{ name: 'id', type: 'int64' }] });
    await e.server.request('DELETE', TABLE);
    await e.must(e.post('/v1/namespaces/n/tables/u/rename', { new_name: 't', new_table: 't' }));
    await write([{ id: 2 ** 53 }, { id: null }]);
    await write([{ id: null }]);
    await e.altered([add('more', 'int64')]);
    await write([{ id: 5, more: 1 }]);
    await e.altered([widen('more', 'double')]);
    await write([{ id: 2n ** 53n + 1n }]);
    const refused = await e.alter([widen('id', 'double')]);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_schema']);
    expect(refused.body.error.message).toContain('"id" cannot become double');
    await e.altered(forced(widen('id', 'double')));
    expect(await e.kinds()).toEqual(['alter_incompatible']);
    await expect(e.objects()).rejects.toMatchObject({ code: 'schema_mismatch' });
  });
});

test('a column of another type by force is found by its values now, whatever its older files say of theirs', async () => {
  await e.createTable('t', { schema_def: [{ name: 'at', type: 'timestamp[us]' }] });
  await write([{ at: '2026-03-31T12:00:00' }]);
  expect(await e.objects()).toEqual([{ at: '2026-03-31T12:00:00' }]);
  await e.altered(forced({ op: 'update', field_locator: 'at', field: { type: 'string' } }));
  const filter: Predicate = { eq: ['at', '2026-03-31 12:00:00'] };
  expect(await e.objects({ filter })).toEqual([{ at: '2026-03-31 12:00:00' }]);
  const asked = `filter_predicate=${encodeURIComponent(JSON.stringify(filter))}&include_column_stats=true`;
  const { body } = await e.must(e.post(`${TABLE}/plan?${asked}`));
  expect(body.scan_tasks[0].files[0].column_stats.at).toMatchObject({ min: null, max: null });
});

describe('a column that was removed', () => {
  beforeEach(async () => {
    const schema_def = [
      { name: 'id', type: 'int64' },
      { name: 'v', type: 'string' },
    ];
    await e.createTable('t', { schema_def });
    await write([{ id: 1, v: 'secret' }]);
    await e.altered(forced(remove('v')));
  });

  test('does not come back with the values of the old one: not by alter, not by a write', async () => {
    const refused = await e.alter(forced(add('v', 'string')));
    expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_schema']);
    expect(refused.body.error.message).toContain('"v" was removed');
    const written = await e.post(`${TABLE}/write`, { data: [{ id: 2, v: 'b' }] });
    expect([written.status, written.body.error.code]).toEqual([400, 'schema_mismatch']);
    expect(await e.objects()).toEqual([{ id: 1n }]);
  });

  test('may be added anew once no visible file holds it, under a new id', async () => {
    await write([{ id: 3 }], 'replace');
    await write([{ id: 2, v: 5 }]);
    expect(await e.columns()).toEqual(['id int64 0', 'v int64 2']);
    expect(await e.objects()).toEqual([
      { id: 3n, v: null },
      { id: 2n, v: 5n },
    ]);
  });

  test('is there again after a rollback', async () => {
    const { body } = await e.must(e.post(`${TABLE}/write`, { data: [{ id: 4 }] }));
    await e.must(e.post(`${TABLE}/truncate`));
    await e.must(e.post(`${TABLE}/rollback`, { as_of: body.committed_at_ns }));
    expect(await e.columns()).toEqual(['id int64 0']);
    expect(await e.kinds()).toEqual(['rollback']);
    const before = (await e.describe()).seq;
    const commits = await e.server.context.db.reader.selectFrom('commits').selectAll().orderBy('seq').execute();
    const written = commits.find(({ operation }) => operation === 'write_data');
    await e.must(e.post(`${TABLE}/rollback`, { as_of: written?.committed_at_ns }));
    expect((await e.describe()).seq).toBe(before + 1);
    expect(await e.kinds()).toEqual(expect.arrayContaining(['rollback', 'alter']));
    expect(await e.objects()).toEqual([{ id: 1n, v: 'secret' }]);
  });
});

describe('merged rows', () => {
  const schema_def = [
    { name: 'id', type: 'int32', is_merge_key: true },
    { name: 'v', type: 'string' },
  ];
  const merged = [
    { id: 1n, v: 'a', x: 7n },
    { id: 2n, v: 'B', x: 5n },
    { id: 4n, v: 'd', x: null },
  ];

  beforeEach(async () => {
    await e.createTable('t', { schema_def });
    await write([
      { id: 1, v: 'a' },
      { id: 2, v: 'b' },
      { id: 3, v: 'c' },
    ]);
    await e.altered([add('x', 'int64', { past_default: 7 }), widen('id', 'int64')]);
    await write([
      { id: 2, v: 'B', x: 5 },
      { id: 4, v: 'd' },
    ]);
    await write([{ id: 3 }], 'delete');
  });

  test('have the default of an older row, and meet by keys that became wider', async () => {
    const rows = await e.objects();
    expect(rows.sort((a, b) => Number(a.id) - Number(b.id))).toEqual(merged);
    expect(ids(await e.objects({ filter: { eq: ['x', 7] } }))).toEqual([1]);
    expect(ids(await e.preview({ eq: ['x', 7] }))).toEqual([1]);
    expect(ids(await e.objects({ filter: { eq: ['id', 1] } }))).toEqual([1]);
  });

  test.each([
    ['the oldest client, which cannot merge', {}],
    ['a newer client, which merges without defaults', { 'X-DeltaCAT-Client-Version': '0.1.67' }],
  ])('are rewritten for %s, and read the same', async (_title, headers) => {
    const { body } = await e.must(e.server.requestAs(headers)('POST', `${TABLE}/plan`));
    expect(body).toMatchObject({ requires_mor: false, returned_files: 1 });
    const rows = await e.objects();
    expect(rows.sort((a, b) => Number(a.id) - Number(b.id))).toEqual(merged);
  });

  test('are left to our own client, to readers of history, and to those of a table that is never rewritten', async () => {
    const newer = e.server.requestAs({ 'X-DeltaCAT-Client-Version': '0.1.67' });
    const ours = e.server.requestAs({ 'X-DeltaCAT-Client-Version': 'ts-0.1.0' });
    expect((await ours('POST', `${TABLE}/plan`)).body.requires_mor).toBe(true);
    const commits = await e.server.context.db.reader.selectFrom('commits').select('committed_at_ns').execute();
    const [as_of] = commits.map(({ committed_at_ns }) => committed_at_ns).toReversed();
    expect((await newer('POST', `${TABLE}/plan?as_of=${as_of}`)).body.requires_mor).toBe(true);
    await e.server.request('PUT', TABLE, { table_properties: { read_optimization_level: 'none' } });
    expect((await newer('POST', `${TABLE}/plan`)).body.requires_mor).toBe(true);
  });
});

test('nulls of rows that are older than the rule against them stay, also where rows are rewritten', async () => {
  const schema_def = [
    { name: 'id', type: 'int64', is_merge_key: true },
    { name: 'v', type: 'int64', past_default: 1, future_default: 2 },
  ];
  await e.createTable('t', { schema_def });
  await write([{ id: 1, v: null }]);
  await e.altered([{ op: 'update', field_locator: 'v', field: { nullable: false } }]);
  await write([{ id: 2 }]);
  const rows = [
    { id: 1n, v: null },
    { id: 2n, v: 2n },
  ];
  expect(await e.objects()).toEqual(rows);
  const { body } = await e.must(e.server.requestAs({})('POST', `${TABLE}/plan`));
  expect(body.requires_mor).toBe(false);
  expect(await e.objects()).toEqual(rows);
});

describe('files that the official clients would misread are rewritten for them:', () => {
  const newer = { 'X-DeltaCAT-Client-Version': '0.1.67' };
  const formats = async (headers: Record<string, string>) => {
    const { body } = await e.must(e.server.requestAs(headers)('POST', `${TABLE}/plan`));
    const files = body.scan_tasks.flatMap(({ files }: { files: { content_type: string }[] }) => files);
    return files.map(({ content_type }: { content_type: string }) => content_type);
  };

  test.each([
    ['text,', { content_type: 'csv' }],
    ['anything,', {}],
  ])('columns of CSV files, which are known by their place, in a table of %s', async (_title, declared) => {
    const schema_def = [
      { name: 'id', type: 'int64' },
      { name: 'v', type: 'string' },
    ];
    await e.createTable('t', { schema_def, ...declared });
    await e.putText('t', { name: 'a.csv', content: '1,a\n2,b\n', record_count: 2 });
    expect(await formats(newer)).toEqual(['csv']);
    await e.altered([add('x', 'int64', { past_default: 7 })]);
    await e.putText('t', { name: 'b.csv', content: '3,c,8\n', record_count: 1 });
    const rows = [
      { id: 1n, v: 'a', x: 7n },
      { id: 2n, v: 'b', x: 7n },
      { id: 3n, v: 'c', x: 8n },
    ];
    expect(await e.objects()).toEqual(rows);
    expect(await formats(newer)).toEqual(['parquet']);
    expect(await e.objects()).toEqual(rows);
  });

  test.each([
    [add('x', 'string'), { id: 1n, part: 'a', v: 1.5, x: null }],
    [widen('v', 'double'), { id: 1n, part: 'a', v: 1.5 }],
  ])('rows to merge, in partitions all of which are older than a column or its type: %j', async (change, row) => {
    const schema_def = [
      { name: 'id', type: 'int64', is_merge_key: true },
      { name: 'part', type: 'string' },
      { name: 'v', type: 'float' },
    ];
    const partition_scheme = { keys: [{ key: ['part'], transform: 'identity' }] };
    await e.createTable('t', { schema_def, partition_scheme });
    await write([
      { id: 1, part: 'a', v: 1.5 },
      { id: 2, part: 'b', v: 2.5 },
    ]);
    const planned = async () => {
      const { body } = await e.must(e.server.requestAs(newer)('POST', `${TABLE}/plan`));
      return body.scan_tasks.map(({ delta_type }: { delta_type: string }) => delta_type);
    };
    expect(await planned(), 'before').toEqual(['upsert', 'upsert']);
    await e.altered([change]);
    // These are no rows that would show a reader the column.
    await write([{ id: 9, part: 'a' }], 'delete');
    await write([{ id: 3, part: 'b', v: 3.5 }]);
    expect(await planned()).toEqual(['append', 'upsert', 'upsert']);
    expect(await e.objects({ filter: { eq: ['part', 'a'] } })).toEqual([row]);
  });

  test.each(['csv', 'json'])('rows to merge in text files, for which it has no reader: %s', async (format) => {
    const schema_def = [
      { name: 'id', type: 'int64', is_merge_key: true },
      { name: 'v', type: 'string' },
    ];
    await e.createTable('t', { schema_def });
    const content = format === 'csv' ? '1,a\n2,b\n' : '{"id": 1, "v": "a"}\n{"id": 2, "v": "b"}\n';
    const session = await e.open('t', { mode: 'merge', format });
    await e.must(e.commitText(session, { name: `a.${format}`, content, record_count: 2 }));
    await write([{ id: 2, v: 'B' }]);
    const rows = [
      { id: 1n, v: 'a' },
      { id: 2n, v: 'B' },
    ];
    expect(await e.objects()).toEqual(rows);
    expect(await formats(newer)).toEqual(['parquet']);
    expect(await e.objects()).toEqual(rows);
  });

  test('but not what cannot be read here: it is read without the column', async () => {
    await e.createTable('t', { schema_def: [{ name: 'id', type: 'int64', is_merge_key: true }] });
    const session = await e.open('t', { mode: 'merge', format: 'orc' });
    await e.must(e.commitText(session, { name: 'a.orc', content: 'of another program', record_count: 1 }));
    await e.altered([add('x', 'string')]);
    expect(await formats(newer)).toEqual(['orc']);
  });

  test('structs that gained a field, for the oldest client alone', async () => {
    await e.createTable('t', { schema_def: [{ name: 's', type: 'struct<a: int64>' }] });
    await write([{ s: { a: 1 } }]);
    await e.altered([widen('s', 'struct<a: int64, b: string>')]);
    await write([{ s: { a: 2, b: 'x' } }]);
    expect(await formats(newer)).toHaveLength(2);
    expect(await formats({})).toHaveLength(1);
    expect(await e.objects()).toEqual([{ s: { a: 1n, b: null } }, { s: { a: 2n, b: 'x' } }]);
  });
});
