import type { SchemaField } from '@deltacat/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Evolving, startEvolving } from '../testing/evolving.ts';
import { inPartition, KEYED, PLAIN } from '../testing/writing.ts';

let e: Evolving;

beforeEach(async () => {
  e = await startEvolving();
});
afterEach(() => e.close());

const TABLE = '/v1/namespaces/n/tables/t';
const field = (name: string, type: string, more: object = {}): SchemaField => ({ name, type, ...more });
const add = (name: string, type: string, more: object = {}) => ({ op: 'add' as const, field: { name, type, ...more } });
const alterProperties = (properties: object) =>
  e.must(e.server.request('PUT', TABLE, { table_version_properties: properties }));

/** Commits files of some columns with one row each, by a session of their own. */
async function commitFiles(files: { fields: SchemaField[]; row: Record<string, unknown> }[], body: object = {}) {
  const session = await e.open('t', body);
  const entries = [];
  for (const { fields, row } of files) entries.push(await e.put(session.data_dir, [row], fields));
  return e.commit(session, entries);
}
const commitFile = (fields: SchemaField[], row: Record<string, unknown>, body?: object) =>
  commitFiles([{ fields, row }], body);

async function refusal(asked: () => Promise<{ status: number; body: { error?: { code: string; message: string } } }>) {
  const before = await e.state();
  const { status, body } = await asked();
  expect(await e.state()).toEqual(before);
  return `${status} ${body.error?.code}: ${body.error?.message}`;
}

describe('a write to a table that evolves', () => {
  beforeEach(() => e.createTable('t', { schema_def: PLAIN }));

  test('adds the columns that it lacks, in the commit that shows the rows', async () => {
    await e.write('t', [{ id: 1, v: 'a' }]);
    const answer = await e.must(
      commitFile([...PLAIN, field('x', 'double', { nullable: false }), field('y', 'list<string>')], {
        ...{ id: 2, v: 'b', x: 0.5, y: ['z'] },
      }),
    );
    expect(await e.describe()).toMatchObject({ schema_id: 1, seq: answer.body.seq });
    expect((await e.describe()).schema.slice(2)).toMatchObject([
      { name: 'x', type: 'double', nullable: true, field_id: 2 },
      { name: 'y', type: 'list<item: string>', nullable: true, field_id: 3 },
    ]);
    expect(await e.kinds()).toEqual(['alter', 'append']);
    expect(await e.objects()).toEqual([
      { id: 1n, v: 'a', x: null, y: null },
      { id: 2n, v: 'b', x: 0.5, y: ['z'] },
    ]);
    await e.write('t', [{ id: 3, v: 'c' }]);
    expect(await e.describe()).toMatchObject({ schema_id: 1 });
  });

  test('takes rows in the request with further columns, too', async () => {
    await e.must(e.post(`${TABLE}/write`, { data: [{ id: 1, x: 2 }, { id: 2 }] }));
    expect(await e.objects()).toEqual([
      { id: 1n, v: null, x: 2n },
      { id: 2n, v: null, x: null },
    ]);
  });

  test('gives new columns the consistency of the table, and leaves out those of nulls alone', async () => {
    await alterProperties({ default_schema_consistency_type: 'coerce' });
    const row = { id: 1, v: 'a', x: 1, nothing: null };
    await e.must(commitFile([...PLAIN, field('x', 'int64'), field('nothing', 'null')], row));
    expect((await e.describe()).schema.slice(2)).toMatchObject([{ name: 'x', consistency_type: 'coerce' }]);
    await e.must(commitFile([...PLAIN, field('nothing', 'int64')], { id: 2, v: 'b', nothing: 5 }));
    expect(await e.objects()).toEqual([
      { id: 1n, v: 'a', x: 1n, nothing: null },
      { id: 2n, v: 'b', x: null, nothing: 5n },
    ]);
  });

  test('unites the columns of all its files, in one revision', async () => {
    await e.must(
      commitFiles([
        { fields: [field('id', 'int64'), field('x', 'int16')], row: { id: 1, x: 1 } },
        { fields: [field('id', 'int64'), field('y', 'bool')], row: { id: 2, y: true } },
        { fields: [field('id', 'int64'), field('x', 'int32')], row: { id: 3, x: 70_000 } },
      ]),
    );
    expect((await e.columns()).slice(2)).toEqual(['x int32 2', 'y bool 3']);
    expect(await e.describe()).toMatchObject({ schema_id: 1 });
    expect(await e.objects()).toEqual([
      { id: 1n, v: null, x: 1, y: null },
      { id: 2n, v: null, x: null, y: true },
      { id: 3n, v: null, x: 70_000, y: null },
    ]);
  });

  test('replaces the rows under the new schema', async () => {
    await e.write('t', [{ id: 1, v: 'a' }]);
    await e.must(commitFile([field('id', 'int64'), field('x', 'int64')], { id: 2, x: 3 }, { mode: 'replace' }));
    expect(await e.objects()).toEqual([{ id: 2n, v: null, x: 3n }]);
    expect(await e.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
  });

  test.each<[string, SchemaField[][], string]>([
    [
      'a column of a type that does not go with its own',
      [[field('id', 'int64'), field('v', 'int64')]],
      '"v": it is int64',
    ],
    [
      'two types for one new column',
      [[field('x', 'int64')], [field('x', 'string')]],
      '"x": it is string and the table has int64',
    ],
    ['a column that differs by case alone', [[field('ID', 'int64')]], 'two fields named "ID"'],
    ['whole numbers among floats that round them', [[field('x', 'double')], [field('x', 'int64')]], '"x": it is int64'],
  ])('is refused for %s, and nothing changes', async (_title, files, says) => {
    const rows = { id: 1, v: 1, ID: 1, x: 2n ** 60n };
    const asked = files.map((fields) => {
      const value = (name: keyof typeof rows, type: string) => (type === 'string' ? 'text' : rows[name]);
      const row = fields.map(({ name, type }) => [name, type === 'double' ? 0.5 : value(name as 'id', type)]);
      return { fields, row: Object.fromEntries(row) };
    });
    const refused = await refusal(() => commitFiles(asked));
    expect(refused).toContain('400 schema_mismatch');
    expect(refused).toContain(says);
  });

  test('is refused for more columns than a schema has', async () => {
    const many = Array.from({ length: 9_998 }, (_, index) => add(`c${index}`, 'int64'));
    await e.altered(many);
    const columns = [field('id', 'int64'), field('more', 'int64')];
    const refused = await refusal(() => commitFile(columns, { id: 1, more: 2 }));
    expect(refused).toContain('400 schema_mismatch');
    expect(refused).toContain('at most 10000 fields');
  }, 60_000);

  test('makes a missing table with the columns of all its files', async () => {
    await e.server.request('DELETE', TABLE);
    await e.must(
      commitFiles([
        { fields: [field('a', 'int64')], row: { a: 1 } },
        { fields: [field('b', 'string')], row: { b: 'x' } },
      ]),
    );
    expect(await e.columns()).toEqual(['a int64 0', 'b string 1']);
    expect(await e.describe()).toMatchObject({ schema_id: 0, total_records: 2 });
  });
});

describe('what schema_evolution_mode says', () => {
  const wider = [...PLAIN, field('x', 'int64')];
  const row = { id: 1, v: 'a', x: 2 };

  test('is what sessions are told, for the version before the table; where nobody sees columns, none may be added', async () => {
    await e.createTable('t', { schema_def: KEYED, table_properties: { default_schema_consistency_type: 'coerce' } });
    const told = async (body: object = {}) => {
      const { body: session } = await e.must(e.post(`${TABLE}/write-sessions`, body));
      return [session.schema_evolution_mode, session.schema_consistency_type];
    };
    expect(await told()).toEqual(['auto', 'coerce']);
    expect(await told({ format: 'csv' })).toEqual(['manual', 'coerce']);
    expect(await told({ mode: 'delete' })).toEqual(['manual', 'coerce']);
    await e.must(e.server.request('PUT', TABLE, { table_properties: { schema_evolution_mode: 'MANUAL' } }));
    expect(await told()).toEqual(['manual', 'coerce']);
    await alterProperties({ schema_evolution_mode: 'disabled', default_schema_consistency_type: 'none' });
    expect(await told()).toEqual(['disabled', 'none']);
    await alterProperties({ schema_evolution_mode: 'auto' });
    expect(await told()).toEqual(['auto', 'none']);
  });

  test.each(['manual', 'disabled'])('%s refuses further columns and wider ones', async (mode) => {
    await e.createTable('t', { schema_def: [field('id', 'int32'), field('v', 'string')] });
    await alterProperties({ schema_evolution_mode: mode });
    expect(await refusal(() => commitFile(wider, row))).toContain('400 schema_mismatch');
    const large = { id: 2 ** 40, v: 'a' };
    expect(await refusal(() => commitFile(PLAIN, large))).toContain('"id": it is int64 and the table has int32');
    await e.must(commitFile(PLAIN, { id: 5, v: 'a' }));
    expect(await e.columns()).toEqual(['id int32 0', 'v string 1']);
  });

  test('goes for the commit, whatever the session was told', async () => {
    await e.createTable('t', { schema_def: PLAIN });
    const session = await e.open('t');
    const entry = await e.put(session.data_dir, [row], wider);
    await alterProperties({ schema_evolution_mode: 'manual' });
    expect(await refusal(() => e.commit(session, [entry]))).toContain('400 schema_mismatch');
  });
});

describe('the consistency of a column', () => {
  const columns = (consistency_type?: string) => [field('id', 'int64'), field('v', 'int32', { consistency_type })];
  const commitAs = (type: string, v: unknown) => commitFile([field('id', 'int64'), field('v', type)], { id: 1, v });

  test('none: it becomes as wide as what is written to it', async () => {
    await e.createTable('t', { schema_def: columns('none') });
    await e.must(commitAs('int32', 1));
    await e.must(commitAs('int64', 2));
    expect((await e.columns())[1]).toBe('v int64 1');
    await e.must(commitAs('int16', 3));
    expect(await e.describe()).toMatchObject({ schema_id: 1 });
    expect((await e.objects()).map(({ v }) => v)).toEqual([1n, 2n, 3n]);
    expect(await refusal(() => commitAs('double', 0.5))).toContain('400 schema_mismatch');
    expect(await refusal(() => commitAs('string', 'x'))).toContain('400 schema_mismatch');
  });

  test('none: whole numbers become floats that hold them, with their defaults', async () => {
    const schema_def = [field('id', 'int64'), field('v', 'int32', { past_default: 7, future_default: 8 })];
    await e.createTable('t', { schema_def });
    await e.must(commitFile([field('id', 'int64')], { id: 0 }));
    await e.must(commitAs('double', 0.5));
    expect((await e.describe()).schema[1]).toMatchObject({ type: 'double', past_default: 7, future_default: 8 });
    expect((await e.objects()).map(({ v }) => v)).toEqual([7, 0.5]);
  });

  test('coerce: it stays, and takes values that it can hold', async () => {
    await e.createTable('t', { schema_def: columns('coerce') });
    await e.must(commitAs('int64', 2));
    await e.must(commitAs('int8', 3));
    expect(await refusal(() => commitAs('int64', 2 ** 40))).toContain('cannot hold every value');
    expect(await refusal(() => commitAs('double', 1))).toContain('cannot hold every value');
    expect((await e.columns())[1]).toBe('v int32 1');
    expect((await e.objects()).map(({ v }) => v)).toEqual([2, 3]);
  });

  test('validate: it takes its very type', async () => {
    await e.createTable('t', { schema_def: columns('validate') });
    await e.must(commitAs('int32', 1));
    for (const type of ['int8', 'int64']) {
      expect(await refusal(() => commitAs(type, 2))).toContain('takes nothing but int32');
    }
  });

  test('of a merge key is validated', async () => {
    await e.createTable('t', { schema_def: KEYED });
    const narrower = [field('id', 'int32'), field('v', 'string')];
    expect(await refusal(() => commitFile(narrower, { id: 1, v: 'a' }))).toContain('takes nothing but int64');
  });

  test('lets the source of a partition stay what the partitions were made of', async () => {
    const partition_scheme = { id: 'p', keys: [{ key: ['v'] }] };
    await e.createTable('t', { schema_def: columns('none'), partition_scheme });
    const session = await e.open('t');
    const entry = await e.put(session.data_dir, [{ id: 1, v: 0.5 }], [field('id', 'int64'), field('v', 'double')]);
    expect(await refusal(() => e.commit(session, [inPartition(entry, 0.5)]))).toContain('400 schema_mismatch');
    const wider = await e.put(session.data_dir, [{ id: 1, v: 2 ** 40 }], [field('id', 'int64'), field('v', 'int64')]);
    await e.must(e.commit(session, [inPartition(wider, 2 ** 40)]));
    expect((await e.columns())[1]).toBe('v int64 1');
    expect(await e.objects({ filter: { eq: ['v', 2 ** 40] } })).toEqual([{ id: 1n, v: 2n ** 40n }]);
  });
});

describe('a column that may not be null', () => {
  test('must be in a file, unless readers fill it; the future_default is for writers', async () => {
    const schema_def = [
      field('id', 'int64'),
      field('past', 'int64', { nullable: false, past_default: 7 }),
      field('future', 'int64', { nullable: false, future_default: 9 }),
    ];
    await e.createTable('t', { schema_def });
    const lacking = [field('id', 'int64'), field('past', 'int64')];
    expect(await refusal(() => commitFile(lacking, { id: 1, past: 1 }))).toContain('column "future"');
    await e.must(commitFile([field('id', 'int64'), field('future', 'int64')], { id: 1, future: 1 }));
    await e.must(e.post(`${TABLE}/write`, { data: [{ id: 2, past: 5 }] }));
    expect(await e.objects()).toEqual([
      { id: 1n, past: 7n, future: 1n },
      { id: 2n, past: 5n, future: 9n },
    ]);
  });
});

describe('writers side by side', () => {
  beforeEach(() => e.createTable('t', { schema_def: PLAIN }));

  /** Sessions that are all opened before any of them commits, each with a column of its own or a shared one. */
  async function openAll(columns: SchemaField[]) {
    const opened = [];
    for (const [index, column] of columns.entries()) {
      const session = await e.open('t');
      const row = { id: index, v: 'a', [column.name]: column.type === 'string' ? 'x' : 1 };
      opened.push({ session, entry: await e.put(session.data_dir, [row], [...PLAIN, column]) });
    }
    return opened;
  }

  test('each bring a column, and all of them land', async () => {
    const opened = await openAll(Array.from({ length: 24 }, (_, index) => field(`c${index}`, 'int64')));
    await Promise.all(opened.map(({ session, entry }) => e.must(e.commit(session, [entry]))));
    const { schema, total_records } = await e.describe();
    expect(total_records).toBe(24);
    expect(schema).toHaveLength(26);
    const found = schema.map(({ field_id }: SchemaField) => field_id);
    expect(found.toSorted((a: number, b: number) => a - b)).toEqual(Array.from({ length: 26 }, (_, id) => id));
    const rows = await e.objects();
    for (const row of rows) expect(row[`c${row.id}`]).toBe(1n);
  });

  test('bring the same column, and it is added once', async () => {
    const opened = await openAll(Array.from({ length: 8 }, () => field('x', 'int64')));
    await Promise.all(opened.map(({ session, entry }) => e.must(e.commit(session, [entry]))));
    expect(await e.columns()).toEqual(['id int64 0', 'v string 1', 'x int64 2']);
    expect(await e.describe()).toMatchObject({ schema_id: 1, total_records: 8 });
  });

  test('bring one column as two types: the second is told who was first', async () => {
    const opened = await openAll([field('x', 'int64'), field('x', 'string')]);
    const answers = await Promise.all(opened.map(({ session, entry }) => e.commit(session, [entry])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const lost = answers.find(({ status }) => status === 409);
    expect(lost?.body.error.code).toBe('concurrent_modification');
    expect(lost?.body.error.message).toContain('commit_write_session');
    expect(await e.describe()).toMatchObject({ total_records: 1 });
  });
});
