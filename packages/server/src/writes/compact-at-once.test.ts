import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CompactingServer, startCompacting } from '../testing/compacting.ts';
import { KEYED } from '../testing/writing.ts';
import { oneAtATime } from './rewrite.ts';

let on: CompactingServer;
beforeEach(async () => {
  on = await startCompacting();
});
afterEach(() => {
  vi.restoreAllMocks();
  return on.close();
});

const table_properties = { read_optimization_level: 'max' };
const merges = async (table: string) => (await on.plan(table)).requires_mor;

/** Is at the partition of a table, as a merge that takes long, until it is released. */
async function hold(table: string) {
  const delta = await on.server.context.db.reader
    .selectFrom('tables')
    .innerJoin('table_versions', 'table_versions.table_id', 'tables.table_id')
    .innerJoin('deltas', 'deltas.table_version_id', 'table_versions.table_version_id')
    .select(['deltas.row_id', 'deltas.partition_id'])
    .where('tables.name', '=', table)
    .executeTakeFirstOrThrow();
  const { promise, resolve } = Promise.withResolvers<null>();
  const awaited = vi.spyOn(promise, 'then');
  const held = oneAtATime('hold', [delta], () => promise);
  const release = () => {
    resolve(null);
    return held;
  };
  return { awaited, release };
}

/** How long commits wait for a compaction. */
const WAIT_MS = 15_000;

/** Answers what ends the waiting of commits that wait from now on. */
function endWaiting(): () => void {
  const { setTimeout: set } = globalThis;
  const ends: (() => void)[] = [];
  const noting = (act: () => void, ms?: number) => {
    if (ms === WAIT_MS) ends.push(act);
    return set(ms === WAIT_MS ? () => undefined : act, ms);
  };
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(noting as typeof setTimeout);
  return () => {
    for (const end of ends) end();
  };
}

test('what takes longer than commits wait does not pile up with every commit: the background does it', async () => {
  const slow = ['a', 'b'];
  for (const table of [...slow, 'c']) {
    await on.createTable(table, { schema_def: KEYED, table_properties });
    await on.insert(table, [{ id: 1, v: 'a' }]);
  }
  const merging = await Promise.all(slow.map(hold));
  const end = endWaiting();
  const answers = slow.map((table) => on.insert(table, [{ id: 1, v: 'b' }]));
  await vi.waitFor(() => merging.map(({ awaited }) => expect(awaited).toHaveBeenCalled()), { timeout: 10_000 });
  end();
  await Promise.all(answers);
  vi.restoreAllMocks();
  expect(await merges('a')).toBe(true);
  await on.insert('c', [{ id: 1, v: 'b' }]);
  expect(await merges('c')).toBe(true);

  await Promise.all(merging.map(({ release }) => release()));
  await vi.waitFor(async () => expect([await merges('a'), await merges('b')]).toEqual([false, false]));
  expect(await on.trigger()).toBeGreaterThan(0);
  await on.work();
  expect(await merges('c')).toBe(false);
  await on.insert('c', [{ id: 1, v: 'c' }]);
  expect(await merges('c')).toBe(false);
  expect(await on.rows('c')).toEqual(['1 c']);
});
