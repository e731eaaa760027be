import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RawBuilder, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TEST_DATABASE_URL } from '../testing/database.ts';
import { ManualClock } from '../testing/server.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { type RepairReport, repairStore, type StoreReport } from './fsck.ts';

let root: string;
let on: Transacting;
let clock: ManualClock;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'deltacat-repair-'));
  clock = new ManualClock();
  on = await startTransacting(clock, root);
});
afterEach(async () => {
  await on.close();
  rmSync(root, { recursive: true });
});

const WHOLE = { files: true, history: true, orphans_older_than_ms: 0, progress: () => {} };

const codesOf = ({ found }: StoreReport) => found.map(({ code }) => code);

/** A table with every kind of delta, and a transaction that is open. */
async function makeHistory(): Promise<void> {
  await on.createTable('t');
  await on.write('t', [{ id: 1, v: 'a' }]);
  await on.write('t', [{ id: 1, v: 'b' }]);
  await on.must(on.server.requestAs({})('POST', '/v1/namespaces/n/tables/t/plan'));
  await on.write('t', [{ id: 2, v: 'c' }]);
  await on.write('t', [{ id: 2, v: null }], 'delete');
  const tx = await on.begin();
  await tx.write('t', [{ id: 3, v: 'd' }]);
  await on.must(tx.call('POST', '/v1/namespaces/n/tables', { table: 'made' }));
}

/** All that anyone can read, at every commit. */
async function readAll(): Promise<unknown> {
  const { reader } = on.server.context.db;
  const commits = await reader.selectFrom('commits').select(['seq', 'committed_at_ns']).orderBy('seq').execute();
  const states = [];
  for (const { committed_at_ns } of commits.slice(2)) {
    const rows = await on.rows('t', `?as_of=${committed_at_ns}`);
    states.push({ rows, totals: await on.totals('t', committed_at_ns) });
  }
  return { states, files: readdirSync(root, { recursive: true }).filter((path) => String(path).endsWith('.parquet')) };
}

async function broken(...statements: RawBuilder<unknown>[]): Promise<void> {
  for (const statement of statements) {
    await on.server.context.db.unit('any', (queries) => statement.execute(queries));
  }
}

/** Repairs the store while no server holds it. */
async function repair(): Promise<RepairReport & { told: StoreReport[] }> {
  const { config } = on.server.context;
  await on.close();
  const told: StoreReport[] = [];
  const report = await repairStore(config, WHOLE, async (before) => {
    told.push(before);
  });
  on = await startTransacting(clock, root);
  return { ...report, told };
}

const GIVEN_UP = sql`update transactions set status = 'ABORTED', is_clean = 1 where status = 'RUNNING'`;
const SESSIONS_TOO = sql`update write_sessions set status = 'ABORTED' where status = 'ATTACHED'`;

describe('what can be mended is told, mended, and changes no read', () => {
  test.each([
    ['sums of manifests', 'manifest_sums_wrong', sql`update manifests set record_count = 7, content_length = 7`],
    ['totals that are wrong', 'totals_wrong', sql`update totals set total_records = 7, delta_count = 0`],
    ['totals that are missing', 'totals_wrong', sql`delete from totals`],
    ['one of the totals', 'totals_wrong', sql`delete from totals where delta_count = 2`],
    ['last positions', 'last_position_behind', sql`update partitions set last_position = 1`],
    ['what is left of a transaction', 'leftover_rows', GIVEN_UP],
    ['marks', 'not_marked_clean', sql`update transactions set is_clean = 0, status = 'ABORTED' where status = 'none'`],
  ])('%s', async (_what, code, statement) => {
    await makeHistory();
    if (code === 'not_marked_clean') {
      const tx = await on.begin();
      await on.must(tx.abort());
    }
    const before = await readAll();
    await broken(statement, ...(code === 'leftover_rows' ? [SESSIONS_TOO] : []));
    const report = await repair();
    expect(codesOf(report.before)).toContain(code);
    expect(report.told).toEqual([report.before]);
    expect(report.mended).toContain(code);
    expect(codesOf(report.after)).toEqual([]);
    expect(await readAll()).toEqual(before);
    expect(await on.must(on.post('/v1/namespaces/n/tables/t/write', { data: [{ id: 9, v: 'z' }] }))).toBeDefined();
  });

  test('what belongs to nothing that was committed', async () => {
    await makeHistory();
    const before = await readAll();
    await broken(
      sql`insert into partitions (partition_id, table_version_id, stream_id, scheme_id, values_key, last_position)
        values ('made up', 'gone', 'gone', 'x', 'null', 0)`,
      sql`insert into schemas (table_version_id, schema_id, fields, serialized) values ('gone', 0, '[]', '')`,
      sql`insert into transaction_touches (transaction_id, object_id, kind) values ('gone', 'o', 'alter')`,
    );
    const report = await repair();
    expect(report.mended).toEqual(['leftover_listing', 'leftover_partition', 'leftover_schema']);
    expect(codesOf(report.after)).toEqual([]);
    expect(await readAll()).toEqual(before);
  });

  test('a transaction that is open goes on', async () => {
    await on.createTable('t');
    const tx = await on.begin();
    await tx.write('t', [{ id: 1, v: 'a' }]);
    await broken(sql`update transactions set is_clean = 0 where status <> 'RUNNING'`);
    await repair();
    const { body } = await on.must(on.post(`/v1/transactions/${tx.id}/commit`, { transaction_version: tx.version() }));
    expect(body).toMatchObject({ status: 'COMMITTED' });
    expect(await on.rows('t')).toEqual(['1 a']);
  });
});

test('nothing is mended beside what cannot be: a wrong sum may be all that tells of a lost row', async () => {
  await makeHistory();
  await broken(sql`delete from files where manifest_id in (select manifest_id from deltas where position = 1)`);
  await broken(sql`update totals set total_records = 7`);
  const report = await repair();
  expect(report.refused).toContain('manifest_files_missing');
  expect(report.mended).toEqual([]);
  expect(codesOf(report.after)).toEqual(['manifest_files_missing', 'totals_wrong']);
  const totals = await on.server.context.db.reader.selectFrom('totals').select('total_records').execute();
  expect(new Set(totals.map(({ total_records }) => total_records))).toEqual(new Set([7]));
});

test('a file that is missing keeps nothing else from being mended', async () => {
  await makeHistory();
  const [file] = await on.server.context.db.reader.selectFrom('files').select('path').execute();
  rmSync(file?.path ?? '');
  await broken(sql`update totals set total_records = 7`);
  const report = await repair();
  expect(report.mended).toEqual(['totals_wrong']);
  expect(codesOf(report.after)).toEqual(['file_missing']);
});

test.skipIf(TEST_DATABASE_URL !== null)(
  'a store that a server holds is not repaired, and is left as it is',
  async () => {
    await makeHistory();
    await broken(sql`update totals set total_records = 7`);
    await expect(repairStore(on.server.context.config, WHOLE, async () => {})).rejects.toThrow(
      /is held by another server/,
    );
    const totals = await on.server.context.db.reader.selectFrom('totals').select('total_records').execute();
    expect(new Set(totals.map(({ total_records }) => total_records))).toEqual(new Set([7]));
  },
);

// SQLite has one server, which a repair needs to be gone.
test.skipIf(TEST_DATABASE_URL === null)('servers of one database go on while it is repaired', async () => {
  await makeHistory();
  let isOver = false;
  const writing = (async () => {
    for (let id = 10; !isOver; id += 1) {
      await on.must(on.post('/v1/namespaces/n/tables/t/write', { data: [{ id, v: 'x' }] }));
    }
  })();
  for (let round = 0; round < 3; round += 1) {
    await broken(sql`update totals set total_records = 7`);
    await repairStore(on.server.context.config, WHOLE, async () => {});
  }
  isOver = true;
  await writing;
  const report = await repairStore(on.server.context.config, WHOLE, async () => {});
  expect(codesOf(report.after)).toEqual([]);
});
