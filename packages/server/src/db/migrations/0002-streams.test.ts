import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findVersionById } from '../../snapshots/versions.ts';
import { openSqlite } from '../sqlite.ts';
import { STATEMENTS as FIRST } from './0001-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-migration-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** One state of a table version as the first store kept it. */
interface State {
  version: string;
  stream: string;
  from: number;
  to: number | null;
}

/** A store of the first server with these states. */
function firstStore(states: State[]): void {
  const store = new DatabaseSync(join(folder, 'catalog.db'));
  for (const statement of FIRST) store.exec(statement.replaceAll('{id}', 'integer primary key autoincrement'));
  store.exec('create table migrations (name text primary key, applied_at_ns bigint not null)');
  store.exec("insert into migrations values ('0001-store', 1)");
  const insert = store.prepare(`insert into table_versions (table_version_id, table_id, catalog_id, version,
    version_number, lifecycle_state, properties, content_types, stream_id, from_seq, to_seq)
    values (?, 't', 'c', ?, 1, 'active', '{}', '["parquet"]', ?, ?, ?)`);
  for (const { version, stream, from, to } of states) insert.run(version, version, stream, from, to);
  store.close();
}

test('a store of the first server keeps its streams: each stands from its first state to its last', async () => {
  firstStore([
    { version: 'v', stream: 'a', from: 1, to: 3 },
    { version: 'v', stream: 'a', from: 3, to: 5 },
    { version: 'v', stream: 'b', from: 5, to: 8 },
    { version: 'v', stream: 'c', from: 8, to: null },
    { version: 'w', stream: 'd', from: 6, to: 7 },
    { version: 'w', stream: 'd', from: 7, to: null },
  ]);
  const db = await openSqlite(folder);
  const columns = ['stream_id', 'table_version_id', 'previous_stream_id', 'from_seq', 'to_seq'] as const;
  const streams = await db.reader.selectFrom('streams').select(columns).orderBy('from_seq').execute();
  expect(streams.map((stream) => Object.values(stream))).toEqual([
    ['a', 'v', null, 1, 5],
    ['b', 'v', 'a', 5, 8],
    ['d', 'w', null, 6, null],
    ['c', 'v', 'b', 8, null],
  ]);
  const at = async (seq: number) => (await findVersionById(db.reader, { catalog_id: 'c', seq }, 'v'))?.stream_id;
  expect([await at(0), await at(1), await at(4), await at(5), await at(7), await at(9)]).toEqual([
    undefined,
    'a',
    'a',
    'b',
    'b',
    'c',
  ]);
  await db.close();
});
