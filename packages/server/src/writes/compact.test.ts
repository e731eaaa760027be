import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../db/database.ts';
import type { ResolvedRead } from '../reads/plan.ts';
import { findTargetById } from '../reads/target.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { listDeltas } from '../snapshots/deltas.ts';
import { viewHead } from '../snapshots/view.ts';
import { type CompactingServer, startCompacting } from '../testing/compacting.ts';
import { PLAIN } from '../testing/writing.ts';
import { consolidatePartition } from './consolidate.ts';
import { rewritePartition } from './rewrite.ts';

let on: CompactingServer;
beforeEach(async () => {
  on = await startCompacting();
  await on.createTable('keyed');
  await on.createTable('plain', { schema_def: PLAIN });
  for (const table of ['keyed', 'plain']) for (const id of [1, 2]) await on.insert(table, [{ id, v: 'a' }]);
});
afterEach(() => on.close());

const path = (table: string, rest = '') => `/v1/namespaces/n/tables/${table}${rest}`;

/** What a compaction reads first; then something may happen before it publishes. */
async function readNow(table: string): Promise<ResolvedRead> {
  const context = on.server.requestContext();
  const catalog = catalogNamed(context, null);
  const view = await viewHead(context.db.reader, catalog.catalog_id);
  const rows = await context.db.reader
    .selectFrom('table_versions')
    .innerJoin('tables', 'tables.table_id', 'table_versions.table_id')
    .select('table_versions.table_version_id')
    .where('tables.name', '=', table)
    .execute();
  const target = await findTargetById(context, view, rows[0]?.table_version_id ?? '');
  if (!target) throw new Error(`there is no table ${table}`);
  const deltas = await listDeltas(context.db.reader, view, target.version);
  return { catalog, transaction: null, target, question: { filter: null, predicate: null }, deltas };
}

const WAYS = [
  { table: 'keyed', compact: rewritePartition },
  { table: 'plain', compact: consolidatePartition },
];

const CHANGES: [string, (table: string) => Promise<unknown>][] = [
  ['a truncation', (table) => on.must(on.post(path(table, '/truncate')))],
  ['a replacement', (table) => on.insert(table, [{ id: 9, v: 'new' }], 'replace')],
  ['a drop', (table) => on.must(on.server.request('DELETE', path(table)))],
  [
    'a rollback',
    async (table) => {
      const { body } = await on.server.request('GET', '/v1/catalogs/default');
      return on.must(on.post(path(table, '/rollback'), { as_of: body.committed_at_ns }));
    },
  ],
  [
    'another column',
    (table) => {
      const added = { op: 'add', field: { name: 'more', type: 'string' } };
      return on.must(on.server.request('PUT', path(table), { schema_updates: [added] }));
    },
  ],
  ['another compaction', (table) => on.compact(table)],
];

const written = () =>
  readdirSync(on.server.root, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.parquet'));

describe.each(WAYS)('a compaction of the $table table', ({ table, compact }) => {
  test.each(CHANGES)('gives way to %s, and leaves no file behind', async (_, change) => {
    const read = await readNow(table);
    await change(table);
    const before = { files: written(), state: await on.state() };
    expect(await compact(on.server.requestContext(), read, {})).toBeNull();
    expect({ files: written(), state: await on.state() }).toEqual(before);
  });

  test('lies below what was written meanwhile', async () => {
    const read = await readNow(table);
    await on.insert(table, [{ id: 1, v: 'later' }]);
    expect(await compact(on.server.requestContext(), read, {})).toMatchObject({ delta: { position: 2n, files: 1 } });
    const rows = await on.rows(table);
    expect(rows).toEqual(table === 'keyed' ? ['1 later', '2 a'] : ['1 a', '1 later', '2 a']);
  });

  test('keeps its files where the store cannot be read after it was committed', async () => {
    const read = await readNow(table);
    const rows = await on.rows(table);
    const context = on.server.requestContext();
    const { db } = context;
    let isCommitted = false;
    const breaking: Database = {
      ...{ name: db.name, migrated: db.migrated, close: () => db.close() },
      async unit(catalog_id, work) {
        const done = await db.unit(catalog_id, work);
        isCommitted = true;
        return done;
      },
      get reader() {
        if (isCommitted) throw new Error('the connection is lost');
        return db.reader;
      },
    };
    await expect(compact({ ...context, db: breaking }, read, {})).rejects.toThrow('the connection is lost');
    expect(await on.rows(table)).toEqual(rows);
  });

  test('is done once by several who begin it together', async () => {
    const read = await readNow(table);
    const context = on.server.requestContext();
    const outcomes = await Promise.all([compact(context, read, {}), compact(context, read, {})]);
    expect(outcomes[0]).toBe(outcomes[1]);
    expect(written().filter((name) => name.includes('rewrite-'))).toHaveLength(1);
  });
});
