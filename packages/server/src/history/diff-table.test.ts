import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startWriting, type Writing } from '../testing/writing.ts';

let w: Writing;
beforeEach(async () => {
  w = await startWriting();
  await w.createTable('t', { schema_def: FIELDS, partition_scheme: { keys: [{ key: ['v'] }] } });
});
afterEach(() => w.close());

const FIELDS = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'v', type: 'string' },
];
const TABLE = '/v1/namespaces/n/tables/t';

const head = async (): Promise<number> => (await w.server.request('GET', '/v1/catalogs/default')).body.seq;
const diff = (query: string, path = TABLE) => w.server.request('GET', `${path}/diff?${query}`);

async function write(v: string, mode = 'append', id = 1) {
  const { body } = await w.write('t', [{ id, v }], mode);
  return { seq: Number(body.seq), at: BigInt(body.committed_at_ns) };
}

/** What came to and went from each partition, by its values. */
async function partitions(query: string) {
  const { body } = await diff(query);
  const told = body.partitions.map((one: Record<string, unknown>) => [
    String(one.partition_values),
    [one.deltas_added, one.files_added, one.records_added],
    [one.deltas_removed, one.files_removed, one.records_removed],
  ]);
  return told.toSorted();
}

describe('files', () => {
  test('the difference of two moments tells what came and went, by partition', async () => {
    const first = await write('a');
    await write('b');
    await write('a');
    const last = await write('c');
    const expected = [
      ['a', [1, 1, 1], [0, 0, 0]],
      ['b', [1, 1, 1], [0, 0, 0]],
      ['c', [1, 1, 1], [0, 0, 0]],
    ];
    expect(await partitions(`from_seq=${first.seq}&to_seq=${last.seq}`)).toEqual(expected);
    expect(await partitions(`from=${first.at}&to=${last.at}`)).toEqual(expected);
    expect(await partitions(`from=${first.at}`)).toEqual(expected);
    const { body } = await diff(`from=${first.at}`);
    expect(body).toMatchObject({
      from: { seq: first.seq, committed_at_ns: first.at, exists: true, total_records: 1, delta_count: 1 },
      to: { seq: last.seq, committed_at_ns: last.at, total_records: 4, total_files: 4 },
    });
  });

  test('what came and went in between is no difference', async () => {
    const first = await write('a');
    await write('b');
    const last = await write('c', 'replace');
    expect(await partitions(`from_seq=${first.seq}&to_seq=${last.seq}`)).toEqual([
      ['a', [0, 0, 0], [1, 1, 1]],
      ['c', [1, 1, 1], [0, 0, 0]],
    ]);
  });

  test('a rollback to the earlier moment leaves no difference, a rewrite tells its files', async () => {
    const first = await write('a');
    const second = await write('a', 'merge');
    await w.post(`${TABLE}/rollback`, { as_of: first.at });
    expect(await partitions(`from_seq=${first.seq}`)).toEqual([]);
    await w.post(`${TABLE}/rollback`, { as_of: second.at });
    const before = await head();
    await w.server.requestAs({})('POST', `${TABLE}/plan`);
    expect(await partitions(`from_seq=${before}`)).toEqual([['a', [1, 1, 1], [2, 2, 2]]]);
  });

  test('partitions come in pages of one moment', async () => {
    const first = await head();
    for (const v of ['a', 'b', 'c']) await write(v);
    const found: string[] = [];
    let query: string | null = `from_seq=${first}&limit=1`;
    while (query !== null) {
      const page = await diff(query);
      expect(page.status).toBe(200);
      found.push(...page.body.partitions.map((one: { partition_values: string[] }) => String(one.partition_values)));
      await write('d');
      const next = page.headers.get('x-deltacat-next-token');
      query = next && `from_seq=${first}&limit=1&next_token=${next}`;
    }
    expect(found.toSorted()).toEqual(['a', 'b', 'c']);
  });
});

describe('definitions', () => {
  test('properties, descriptions and states are told as they were and are', async () => {
    await w.server.request('PUT', TABLE, { table_properties: { stays: 1, goes: 2, turns: 3 } });
    const before = await head();
    await w.server.request('PUT', TABLE, {
      table_properties: { goes: null, turns: 4, comes: 5 },
      table_version_properties: { read_optimization_level: 'none' },
      table_description: 'about',
      lifecycle_state: 'beta',
    });
    const { body } = await diff(`from_seq=${before}`);
    expect(body.table_properties).toEqual({
      added: { comes: 5 },
      removed: { goes: 2 },
      changed: [{ name: 'turns', from: 3, to: 4 }],
    });
    expect(body.table_version_properties.added).toEqual({ read_optimization_level: 'none' });
    expect(body.changed).toEqual([
      { name: 'table_description', from: null, to: 'about' },
      { name: 'lifecycle_state', from: 'active', to: 'beta' },
    ]);
    expect(body.schema).toEqual({ added: [], removed: [], changed: [] });
  });

  test('columns that came, went or changed are told, and the log says that the schema was altered', async () => {
    await w.createTable('u', { schema_def: [...FIELDS, { name: 'n', type: 'int32' }] });
    const before = await head();
    const operations = [
      { op: 'add', field: { name: 'x', type: 'string' } },
      { op: 'update', field_locator: 'n', field: { type: 'int64' } },
      { op: 'remove', field_locator: 'v' },
    ];
    const schema_updates = { operations, allow_incompatible_changes: true };
    const path = '/v1/namespaces/n/tables/u';
    expect((await w.server.request('PUT', path, { schema_updates })).status).toBe(200);
    const { schema } = (await diff(`from_seq=${before}`, path)).body;
    expect(schema).toMatchObject({
      added: [{ name: 'x', type: 'string' }],
      removed: [{ name: 'v' }],
      changed: [{ from: { name: 'n', type: 'int32' }, to: { name: 'n', type: 'int64' } }],
    });
    const [altered] = (await w.server.request('GET', `${path}/history`)).body;
    expect(altered.changes).toMatchObject([{ object: 'table_version', kind: 'alter', fields: ['schema_id'] }]);
  });

  test('a table that was not there yet is all new, under the name that it has', async () => {
    await w.createTable('u', { schema_def: FIELDS });
    const { body } = await diff('from_seq=1', '/v1/namespaces/n/tables/u');
    expect(body.from).toMatchObject({ exists: false, table: null, total_records: 0 });
    expect(body.to).toMatchObject({ exists: true, table: 'u' });
    expect(body.schema.added.map(({ name }: { name: string }) => name)).toEqual(['id', 'v']);
  });

  test('a renamed table is compared with itself, whatever its name was', async () => {
    const first = await write('a');
    await w.post(`${TABLE}/rename?new_name=u`);
    const { body } = await diff(`from_seq=${first.seq}`, '/v1/namespaces/n/tables/u');
    expect(body).toMatchObject({ from: { table: 't', exists: true }, to: { table: 'u' }, partitions: [] });
    expect((await diff(`from_seq=1&to_seq=${first.seq}`)).body.to.table).toBe('t');
  });
});

test('moments that are missing, twice, the wrong way round or to come are refused', async () => {
  const { seq, at } = await write('a');
  const asked: [string, number, string][] = [
    ['', 400, 'invalid_request'],
    [`from=${at}&from_seq=${seq}`, 400, 'invalid_request'],
    [`from=${at}&to=${at}&to_seq=${seq}`, 400, 'invalid_request'],
    [`from_seq=${seq}&to_seq=${seq - 1}`, 400, 'invalid_request'],
    [`from_seq=${seq}&to_seq=${seq + 1}`, 400, 'invalid_as_of'],
    [`from=${at}&to=${at + 10n ** 17n}`, 400, 'invalid_as_of'],
    [`from=${at + 10n ** 17n}`, 400, 'invalid_as_of'],
    [`from_seq=${seq}&table_version=7`, 404, 'table_version_not_found'],
    ['from_seq=-1', 422, 'invalid_input'],
  ];
  for (const [query, status, code] of asked) {
    const answer = await diff(query);
    expect([query, answer.status, answer.body.error?.code]).toEqual([query, status, code]);
  }
  expect((await diff('from_seq=1', '/v1/namespaces/n/tables/x')).body.error.code).toBe('table_not_found');
});
