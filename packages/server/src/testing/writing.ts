import type { PartitionValue, SchemaField, WriteEntry } from '@deltacat/contract';
import { writeRows } from '@deltacat/io-core';
import { expect } from 'vitest';
import { type ManualClock, startTestServer, type TestAnswer, type TestServer } from './server.ts';

/** The columns of most test tables: a key and a value. */
export const KEYED: SchemaField[] = [
  { name: 'id', type: 'int64', is_merge_key: true },
  { name: 'v', type: 'string' },
];

/** The same columns without a key. */
export const PLAIN: SchemaField[] = [
  { name: 'id', type: 'int64' },
  { name: 'v', type: 'string' },
];

/** A write session as tests use it. */
export interface OpenedSession {
  session_id: string;
  session_version: number;
  data_dir: string;
  format: string;
}

/** A server with the namespace `n`, and the steps of writing as one call each. */
export interface Writing {
  server: TestServer;
  post(path: string, body?: unknown): Promise<TestAnswer>;
  createTable(table: string, definition?: object): Promise<void>;
  /** Opens a session, which must succeed. */
  open(table: string, body?: object): Promise<OpenedSession>;
  /** Opens a session and puts a file of one row, 1 and 'a', into its folder. */
  opened(table?: string, body?: object): Promise<{ session: OpenedSession; entry: WriteEntry }>;
  /** Writes rows as a Parquet file and answers its entry. */
  put(folder: string, rows: Record<string, unknown>[], schema?: SchemaField[]): Promise<WriteEntry>;
  commit(session: OpenedSession, entries: unknown[], more?: object): Promise<TestAnswer>;
  /** Opens a session, writes rows and commits them, which must succeed. */
  write(table: string, rows: Record<string, unknown>[], mode?: string): Promise<TestAnswer>;
  /** Totals of a table as describe tells them. */
  totals(table: string, as_of?: bigint): Promise<{ records: number; files: number; deltas: number }>;
  /** Positions of the visible deltas of all tables. */
  positions(): Promise<bigint[]>;
  /** Everything of the catalog that a refused write must leave alone. */
  state(): Promise<unknown>;
  close(): Promise<void>;
}

/** Starts a server to write to; one that is started again over a folder has what was written there. */
export async function startWriting(clock?: ManualClock, root?: string): Promise<Writing> {
  const server = await startTestServer({ ...(clock ? { clock } : {}), ...(root ? { root } : {}) });
  const { context } = server;
  const post = (path: string, body: unknown = {}) => server.request('POST', path, body);
  const tables = '/v1/namespaces/n/tables';
  const must = async (asked: Promise<TestAnswer>) => {
    const answer = await asked;
    expect([answer.status, answer.body?.error?.message]).toEqual([expect.toBeOneOf([200, 201]), undefined]);
    return answer;
  };
  const known = await server.request('GET', '/v1/namespaces/n');
  if (known.status === 404) await must(post('/v1/namespaces', { namespace: 'n' }));
  const writing: Writing = {
    server,
    post,
    async createTable(table, definition = { schema_def: KEYED }) {
      await must(post(tables, { table, ...definition }));
    },
    open: async (table, body = {}) => (await must(post(`${tables}/${table}/write-sessions`, body))).body,
    async opened(table = 't', body = {}) {
      const session = await writing.open(table, body);
      return { session, entry: await writing.put(session.data_dir, [{ id: 1, v: 'a' }]) };
    },
    put: (data_dir, rows, schema = KEYED) => putRows(data_dir, rows, schema),
    commit: ({ session_id, session_version }, entries, more = {}) =>
      post(`/v1/write-sessions/${session_id}/commit`, { session_version, entries, ...more }),
    async write(table, rows, mode = 'auto') {
      const session = await writing.open(table, { mode });
      return must(writing.commit(session, [await writing.put(session.data_dir, rows)]));
    },
    async totals(table, as_of) {
      const at = as_of === undefined ? '' : `?as_of=${as_of}`;
      const { body } = await must(server.request('GET', `${tables}/${table}${at}`));
      return { records: body.total_records, files: body.total_files, deltas: body.delta_count };
    },
    async positions() {
      const query = context.db.reader.selectFrom('deltas').select('position').where('to_seq', 'is', null);
      const rows = await query.orderBy('position').execute();
      return rows.map(({ position }) => position ?? -1n);
    },
    state: () => stateOf(server),
    close: () => server.close(),
  };
  return writing;
}

/** Writes rows as a Parquet file and answers its entry. */
export async function putRows(
  data_dir: string,
  rows: Record<string, unknown>[],
  schema: SchemaField[],
): Promise<WriteEntry> {
  const [entry] = await writeRows(rows, { data_dir, schema });
  if (!entry) throw new Error('no rows were written');
  return { path: entry.path, record_count: rows.length, content_length: entry.content_length };
}

async function stateOf({ context }: TestServer): Promise<unknown> {
  const rows = ['tables', 'table_versions', 'streams', 'deltas', 'manifests', 'files', 'schemas'] as const;
  const kept = ['catalogs', ...rows, 'touches'] as const;
  return Promise.all(kept.map((table) => context.db.reader.selectFrom(table).selectAll().execute()));
}

/** An entry with the partition that its rows are in. */
export function inPartition(entry: WriteEntry, ...partition_values: PartitionValue[]): WriteEntry {
  return { ...entry, partition_values };
}
