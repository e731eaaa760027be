import { copyFileSync, linkSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type SchemaField, stringifyJson } from '@deltacat/contract';
import { writeRows } from '@deltacat/io-core';
import { type ServerProcess, startServerProcess } from '../../test/server-process.ts';
import type { LoadRequest } from './load.ts';

/** The columns of the tables that are appended to: the same as those of bench/peers/rows.py. */
const APPENDED: SchemaField[] = [
  { name: 'id', type: 'int64' },
  { name: 'score', type: 'double' },
  { name: 'label', type: 'string' },
];

/** How many rows each appended file has. */
export const ROWS_PER_APPEND = 1_000;

/** Does some work with a server of its own, as users run it, on SQLite or the database given, and ends it. */
export async function withServer<T>(
  work: (server: ServerProcess) => Promise<T>,
  { database_url = '' }: { database_url?: string } = {},
): Promise<T> {
  const server = await startServerProcess(undefined, {
    DELTACAT_DATABASE_URL: database_url,
    DELTACAT_LOG_LEVEL: 'error',
  });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Asks a server for something, which must succeed; the answer as plain JSON. */
export async function ask(url: string, path: string, body: unknown = {}): Promise<Record<string, unknown>> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: stringifyJson(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path} was answered by ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Makes an empty table `bench.<table>` to append to, which nobody compacts meanwhile. */
export async function makeTable(url: string, table: string): Promise<void> {
  await ask(url, '/v1/namespaces/bench/tables', {
    table,
    auto_create_namespace: true,
    schema_def: APPENDED,
    table_properties: { read_optimization_level: 'none' },
  });
}

/** How many names of one file are made before another is copied. */
const LINKS_MAX = 10_000;

/** A file of rows that is not registered anywhere yet. */
export interface AppendedFile {
  path: string;
  content_length: number;
}

/** Writes so many equal Parquet files of 1,000 rows into a folder. */
export async function writeFiles(folder: string, count: number): Promise<AppendedFile[]> {
  mkdirSync(folder, { recursive: true });
  const data = Array.from({ length: ROWS_PER_APPEND }, (_, i) => ({
    id: BigInt(i),
    score: i / 7,
    label: `row ${i % 50}`,
  }));
  const [entry] = await writeRows(data, { data_dir: folder, schema: APPENDED });
  if (!entry) throw new Error('the writer wrote no file');
  const content_length = statSync(entry.path).size;
  let source = entry.path;
  return Array.from({ length: count }, (_, index) => {
    const path = join(folder, `${index}.parquet`);
    // A file has only so many names.
    if (index % LINKS_MAX === LINKS_MAX - 1) copyFileSync(source, path);
    else linkSync(source, path);
    if (index % LINKS_MAX === LINKS_MAX - 1) source = path;
    return { path, content_length };
  });
}

/** The request that registers a file in a table by a commit of its own. */
export function appendRequest(table: string, file: AppendedFile): LoadRequest {
  const entry = { ...file, record_count: ROWS_PER_APPEND };
  return {
    method: 'POST',
    path: `/v1/namespaces/bench/tables/${table}/commit?mode=append`,
    body: { manifest_entries: [entry] },
  };
}
