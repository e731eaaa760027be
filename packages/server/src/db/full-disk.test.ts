import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { openSqlite } from './sqlite.ts';

let folder: string;
let db: Database;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-full-'));
  db = await openSqlite(folder);
});
afterEach(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

/** How far the store may grow stands for how full the disk is. */
async function allowPages(more: number): Promise<void> {
  await db.unit('c', async (queries) => {
    const found = await sql<{ page_count: bigint }>`PRAGMA page_count`.execute(queries);
    const pages = Number(found.rows[0]?.page_count) + more;
    await sql.raw(`PRAGMA max_page_count = ${pages}`).execute(queries);
  });
}

function insert(name: string, padding = 0) {
  return db.unit('c', async (queries) => {
    const properties = { padding: 'x'.repeat(padding) };
    const row = { namespace_id: name, catalog_id: 'c', name, properties, from_seq: 1, to_seq: null };
    await queries
      .insertInto('namespaces')
      .values({ ...row, transaction_id: null })
      .execute();
    return name;
  });
}

async function names(): Promise<string[]> {
  const rows = await db.reader.selectFrom('namespaces').select('name').orderBy('name').execute();
  return rows.map(({ name }) => name);
}

test('a unit that the disk has no room for is told to come back, and does so once there is room', async () => {
  await insert('before');
  await allowPages(2);
  await expect(insert('large', 1_000_000)).rejects.toMatchObject({ code: 'service_unavailable' });
  expect(await names()).toEqual(['before']);
  expect(await insert('small')).toBe('small');
  await allowPages(10_000);
  expect(await insert('large', 1_000_000)).toBe('large');
  expect(await names()).toEqual(['before', 'large', 'small']);
});

test('a statement of many rows is no different', async () => {
  await allowPages(2);
  const rows = Array.from({ length: 500 }, (_, index) => ({
    ...{ namespace_id: `m${index}`, catalog_id: 'c', name: `m${index}`, properties: { padding: 'x'.repeat(500) } },
    ...{ from_seq: 1, to_seq: null, transaction_id: null },
  }));
  const many = () => db.unit('c', (queries) => queries.insertInto('namespaces').values(rows).execute());
  await expect(many()).rejects.toMatchObject({ code: 'service_unavailable' });
  expect(await names()).toEqual([]);
  await allowPages(10_000);
  await many();
  expect(await names()).toHaveLength(500);
});

test('what is answered as done is there, and nothing else is, when the disk fills up under many', async () => {
  await allowPages(20);
  const asked = Array.from({ length: 200 }, (_, index) => `n${index}`);
  const outcomes = await Promise.allSettled(asked.map((name, index) => insert(name, (index % 7) * 1000)));
  const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
  expect(refused.length).toBeGreaterThan(0);
  expect(new Set(refused)).toEqual(new Set(['service_unavailable']));
  expect(await names()).toEqual(done.toSorted());
});
