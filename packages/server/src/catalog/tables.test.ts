import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../testing/server.ts';

const FIELDS = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'score', type: 'float64' },
];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.request('POST', '/v1/namespaces', { namespace: 'ns' });
  await server.request('POST', '/v1/namespaces', { namespace: 'other' });
});
afterAll(() => server.close());

const create = (table: string, body: object = {}) =>
  server.request('POST', '/v1/namespaces/ns/tables', { table, schema_def: FIELDS, ...body });
const at = (table: string, rest = '') => `/v1/namespaces/ns/tables/${table}${rest}`;
const describeTable = async (table: string) => (await server.request('GET', at(table))).body;

describe('create_table', () => {
  test('the answer names the table, its first version and its place in history', async () => {
    const { status, body } = await create('created');
    expect(status).toBe(201);
    expect(body).toMatchObject({ created: true, table: 'created', namespace: 'ns', table_version: '1' });
    expect(body.seq).toBeGreaterThan(0);
    expect((await describeTable('created')).table_id).toBe(body.table_id);
  });

  test('a taken name is a conflict, unless an existing table is fine', async () => {
    const made = await create('twice');
    expect(await create('twice')).toMatchObject({ status: 409, body: { error: { code: 'name_taken' } } });
    const again = await create('twice', { fail_if_exists: false });
    expect(again).toMatchObject({ status: 201, body: { created: false, table_id: made.body.table_id, seq: null } });
  });

  test('a missing namespace is refused by clients that name their version, made for those that do not', async () => {
    const path = '/v1/namespaces/fresh/tables';
    const refused = await server.request('POST', path, { table: 't' });
    expect(refused).toMatchObject({ status: 404, body: { error: { code: 'namespace_not_found' } } });
    const explicit = await server.requestAs({})('POST', path, { table: 't', auto_create_namespace: false });
    expect(explicit.status).toBe(404);
    const made = await server.requestAs({})('POST', path, { table: 't', namespace_properties: { team: 'a' } });
    expect(made.status).toBe(201);
    expect((await server.request('GET', '/v1/namespaces/fresh')).body.properties).toEqual({ team: 'a' });
    const asked = { table: 't', auto_create_namespace: true };
    expect((await server.request('POST', '/v1/namespaces/fresh2/tables', asked)).status).toBe(201);
  });

  test('a refused table leaves no namespace behind', async () => {
    const asked = { table: 't', table_version: '7', auto_create_namespace: true };
    expect((await server.request('POST', '/v1/namespaces/unmade/tables', asked)).status).toBe(400);
    expect((await server.request('GET', '/v1/namespaces/unmade/exists')).body.exists).toBe(false);
  });

  test('of many that create one name exactly one wins', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => create('contested')));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.error?.code === 'name_taken')).toHaveLength(39);
  });

  test('malformed input is told where it is malformed', async () => {
    for (const body of [{ schema_def: [{ name: 'a' }] }, { content_type: 'exe' }, { lifecycle_state: 'asleep' }]) {
      const answer = await create('malformed', body);
      expect(answer).toMatchObject({ status: 422, body: { error: { code: 'invalid_input' } } });
      expect(Array.isArray(answer.body.detail)).toBe(true);
    }
  });
});

describe('describe_table', () => {
  test('columns are spelt as pyarrow prints them', async () => {
    await create('spelt');
    const body = await describeTable('spelt');
    expect(body.schema).toEqual([
      { name: 'id', type: 'int64', nullable: true, field_id: 0, is_merge_key: true, consistency_type: 'validate' },
      { name: 'score', type: 'double', nullable: true, field_id: 1 },
    ]);
    expect(body.merge_keys).toEqual(['id']);
    expect(body.schema_serialized).toMatch(/^[A-Za-z0-9+/]+=*$/);
  });

  test('a new table is unpartitioned, unsorted, active and empty', async () => {
    await create('empty');
    expect(await describeTable('empty')).toMatchObject({
      ...{ table_name: 'empty', namespace: 'ns', table_version: '1', lifecycle_state: 'active', schema_id: 0 },
      ...{ partition_scheme: null, sort_scheme: null, content_types: ['parquet'], stream_format: 'deltacat' },
      ...{ total_records: 0, total_bytes: 0, total_files: 0, delta_count: 0, partition_count: 0 },
    });
  });

  test('a table without a schema says so', async () => {
    await create('schemaless', { schema_def: null });
    const body = await describeTable('schemaless');
    expect(body).toMatchObject({ schema: null, schema_serialized: null, schema_id: null, merge_keys: [] });
  });

  test('properties of the version lie over those of the table', async () => {
    const table_properties = { owner: 'alice', retention_days: '90' };
    await create('layered', { table_properties, table_version_properties: { owner: 'bob' } });
    const body = await describeTable('layered');
    expect(body.properties).toEqual({ owner: 'bob', retention_days: '90' });
    expect(body.table_properties).toEqual(table_properties);
  });

  test('as_of shows the state of that time', async () => {
    const made = await create('timed', { table_properties: { stage: 1 } });
    await server.request('PUT', at('timed'), { table_properties: { stage: 2 } });
    const then = await server.request('GET', at('timed', `?as_of=${made.body.committed_at_ns}`));
    expect(then.body).toMatchObject({ properties: { stage: 1 }, seq: made.body.seq });
    expect((await describeTable('timed')).properties).toEqual({ stage: 2 });
    const before = await server.request('GET', at('timed', `?as_of=${made.body.committed_at_ns - 1n}`));
    expect(before).toMatchObject({ status: 400, body: { error: { code: 'invalid_as_of' } } });
  });

  test('what is missing or malformed is refused', async () => {
    expect((await server.request('GET', '/v1/namespaces/no/tables/t')).body.error.code).toBe('namespace_not_found');
    expect((await server.request('GET', at('missing'))).body.error.code).toBe('table_not_found');
    await create('one_version');
    const missing = await server.request('GET', at('one_version', '?table_version=2'));
    expect(missing).toMatchObject({ status: 404, body: { error: { code: 'table_version_not_found' } } });
    expect((await server.request('GET', at('one_version', '?as_of=yesterday'))).status).toBe(422);
    const future = await server.request('GET', at('one_version', `?as_of=${2n ** 63n - 1n}`));
    expect(future).toMatchObject({ status: 400, body: { error: { code: 'invalid_as_of' } } });
  });
});

describe('table_exists and list_tables', () => {
  test('a table exists with its versions only', async () => {
    await create('existing');
    const exists = async (rest: string) => (await server.request('GET', at('existing', rest))).body.exists;
    expect(await exists('/exists')).toBe(true);
    expect(await exists('/exists?table_version=1')).toBe(true);
    expect(await exists('/exists?table_version=2')).toBe(false);
    expect((await server.request('GET', at('missing', '/exists'))).body).toMatchObject({ exists: false });
    expect((await server.request('GET', '/v1/namespaces/no/tables/t/exists')).body.exists).toBe(false);
    expect((await server.request('GET', at('existing', '/exists?table_version=latest'))).status).toBe(422);
  });

  test('tables are listed by name with their newest version', async () => {
    await create('z_listed', { table_description: 'the last' });
    await create('a_listed');
    await create('a_listed', { table_version: '2', lifecycle_state: 'beta' });
    const { body } = await server.request('GET', '/v1/namespaces/ns/tables');
    const names = body.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...names].sort());
    const find = (wanted: string) => body.find(({ name }: { name: string }) => name === wanted);
    expect(find('a_listed')).toMatchObject({ latest_version: '2', lifecycle_state: 'beta' });
    expect(find('z_listed')).toMatchObject({ latest_version: '1', description: 'the last', lifecycle_state: 'active' });
    expect((await server.request('GET', '/v1/namespaces/missing/tables')).status).toBe(404);
  });
});

describe('alter_table', () => {
  test('properties not named stay, null removes one', async () => {
    await create('altered', { table_properties: { owner: 'alice', retention_days: '90', old: 1 } });
    const answer = await server.request('PUT', at('altered'), {
      table_properties: { retention_days: '180', old: null },
    });
    expect(answer).toMatchObject({ status: 200, body: { table: 'altered', namespace: 'ns', altered: true } });
    expect((await describeTable('altered')).table_properties).toEqual({ owner: 'alice', retention_days: '180' });
  });

  test('description, lifecycle state, version properties and default format change together', async () => {
    await create('all', { content_types: ['parquet', 'csv'] });
    const body = {
      ...{ table_description: 'new', table_version_properties: { layout: 'wide' } },
      ...{ lifecycle_state: 'deprecated', default_content_type: 'csv' },
    };
    const before = await describeTable('all');
    await server.request('PUT', at('all'), body);
    expect(await describeTable('all')).toMatchObject({
      ...{ description: 'new', lifecycle_state: 'deprecated', content_types: ['csv', 'parquet'] },
      ...{ properties: { layout: 'wide' }, table_id: before.table_id, stream_id: before.stream_id },
      schema: before.schema,
    });
  });

  test('asking for nothing makes no commit', async () => {
    await create('untouched');
    const answer = await server.request('PUT', at('untouched'), {});
    expect(answer).toMatchObject({ status: 200, body: { altered: false, seq: null } });
  });

  test('null leaves everything as it is', async () => {
    await create('fixed');
    const nulls = { schema_updates: null, partition_updates: null, sort_scheme: null, table_description: 'fine' };
    expect((await server.request('PUT', at('fixed'), nulls)).status).toBe(200);
  });

  test('words that the server acts on are checked', async () => {
    await create('worded');
    const wrong = { table_properties: { read_optimization_level: 'extreme' } };
    expect(await server.request('PUT', at('worded'), wrong)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', message: expect.stringContaining('balanced') } },
    });
    await server.request('PUT', at('worded'), { table_version_properties: { schema_evolution_mode: 'MANUAL' } });
    expect((await describeTable('worded')).properties).toEqual({ schema_evolution_mode: 'manual' });
  });

  test.each([
    ['records_per_compacted_file', 0],
    ['records_per_compacted_file', 'many'],
    ['appended_delta_count_compaction_trigger', -1],
    ['appended_file_count_compaction_trigger', 2.5],
    ['appended_record_count_compaction_trigger', [1]],
  ])('the property %s cannot be %j, in a table or a version', async (name, value) => {
    await create('numbered');
    for (const field of ['table_properties', 'table_version_properties']) {
      const asked = { [field]: { [name]: value } };
      const refused = {
        status: 400,
        body: { error: { code: 'invalid_request', message: expect.stringContaining(name) } },
      };
      expect(await server.request('PUT', at('numbered'), asked)).toMatchObject(refused);
      expect(await create('odd', asked)).toMatchObject(refused);
    }
  });

  test('numbers that the server acts on may come as digits, and 0 turns a trigger off', async () => {
    await create('numbered');
    const table_properties = {
      records_per_compacted_file: '1000',
      appended_delta_count_compaction_trigger: 0,
    };
    await server.request('PUT', at('numbered'), { table_properties });
    expect((await describeTable('numbered')).table_properties).toMatchObject({
      records_per_compacted_file: 1000,
      appended_delta_count_compaction_trigger: 0,
    });
  });

  test('what is missing or malformed is refused', async () => {
    await create('present');
    expect((await server.request('PUT', at('missing'), { table_description: 'x' })).status).toBe(404);
    const version = await server.request('PUT', at('present'), { table_version: '9', table_description: 'x' });
    expect(version.body.error.code).toBe('table_version_not_found');
    expect((await server.request('PUT', at('present'), { lifecycle_state: 'asleep' })).status).toBe(422);
  });
});

describe('rename_table', () => {
  const rename = (table: string, query: string) => server.request('POST', at(table, `/rename?${query}`));

  test('a renamed table keeps its identity and frees its name', async () => {
    const made = await create('old_name');
    const answer = await rename('old_name', 'new_name=new_name');
    expect(answer).toMatchObject({
      status: 200,
      body: { renamed: true, old_name: 'old_name', new_name: 'new_name', new_namespace: 'ns' },
    });
    expect((await describeTable('new_name')).table_id).toBe(made.body.table_id);
    expect((await create('old_name')).status).toBe(201);
  });

  test('a table moves into another namespace', async () => {
    const made = await create('moving');
    await rename('moving', 'new_name=moved&new_namespace=other');
    const moved = await server.request('GET', '/v1/namespaces/other/tables/moved');
    expect(moved.body.table_id).toBe(made.body.table_id);
    expect((await server.request('GET', at('moving', '/exists'))).body.exists).toBe(false);
  });

  test('a taken name is a conflict, and so nothing moves', async () => {
    await create('mover');
    await create('in_place');
    expect(await rename('mover', 'new_name=in_place')).toMatchObject({
      status: 409,
      body: { error: { code: 'name_taken' } },
    });
    expect((await server.request('GET', at('mover'))).status).toBe(200);
  });

  test('what is missing, malformed or no change is refused', async () => {
    await create('staying');
    expect((await rename('missing', 'new_name=x')).body.error.code).toBe('table_not_found');
    expect((await rename('staying', 'new_name=x&new_namespace=no')).body.error.code).toBe('namespace_not_found');
    expect(await rename('staying', 'new_name=staying')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request' } },
    });
    expect((await rename('staying', '')).status).toBe(422);
  });
});

describe('drop_table', () => {
  test('a dropped table is gone and its name starts anew', async () => {
    const first = await create('dropped');
    const answer = await server.request('DELETE', at('dropped'));
    expect(answer).toMatchObject({ status: 200, body: { table: 'dropped', dropped: true, purged: false } });
    expect((await server.request('GET', at('dropped'))).status).toBe(404);
    expect((await server.request('DELETE', at('dropped'))).status).toBe(404);
    const second = await create('dropped');
    expect(second.body.table_id).not.toBe(first.body.table_id);
    expect(second.body.table_version).toBe('1');
    const then = await server.request('GET', at('dropped', `?as_of=${first.body.committed_at_ns}`));
    expect(then.body.table_id).toBe(first.body.table_id);
  });

  test('purge leaves an event with the identity of what to remove', async () => {
    const { table_id } = (await create('purged')).body;
    const answer = await server.request('DELETE', at('purged', '?purge=true'));
    expect(answer.body).toMatchObject({ dropped: true, purged: true });
    const events = await server.context.db.reader
      .selectFrom('outbox')
      .selectAll()
      .where('kind', '=', 'purge')
      .execute();
    expect(events).toMatchObject([{ kind: 'purge', payload: { table_id }, seq: answer.body.seq }]);
  });

  test('a purge that is no boolean is invalid', async () => {
    expect((await server.request('DELETE', at('any', '?purge=maybe'))).status).toBe(422);
  });
});
