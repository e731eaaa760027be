import { API } from '@deltacat/contract';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeBusyHistory } from '../testing/busy-history.ts';
import { seededRandom } from '../testing/random.ts';
import { ManualClock } from '../testing/server.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { PLAIN } from '../testing/writing.ts';
import { planDeltas, planRead, resolveRead } from './plan.ts';

let on: Transacting;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  on = await startTransacting(clock);
});
afterEach(() => on.close());

/** Totals as they are answered, and as counting the deltas makes them. */
async function bothOf(table: string, as_of: bigint | null) {
  const context = on.server.requestContext();
  const input = API.plan_read.input.parse({ namespace: 'n', table, as_of, include_files: false });
  return [await planRead(context, input), await planDeltas(context, await resolveRead(context, input), input)];
}

test('totals without files are those of the deltas at every moment, and so is their fingerprint', async () => {
  const random = seededRandom();
  await makeBusyHistory({ on, clock, random }, 30);
  const { reader } = on.server.context.db;
  const commits = await reader.selectFrom('commits').select('committed_at_ns').orderBy('seq').execute();
  let [compared, kept] = [0, 0];
  for (const { committed_at_ns } of commits) {
    const { body: tables } = await on.server.request('GET', `/v1/namespaces/n/tables?as_of=${committed_at_ns}`);
    for (const { name } of Array.isArray(tables) ? tables : []) {
      const [answered, counted] = await bothOf(name, committed_at_ns);
      expect(answered, `SEED=${random.seed}`).toEqual(counted);
      compared += 1;
      if (!answered?.requires_mor) kept += 1;
    }
  }
  expect([compared > 20, kept > 0]).toEqual([true, true]);
});

test('they are kept, not counted, where nothing is merged', async () => {
  await on.createTable('t', { schema_def: PLAIN });
  for (const id of [1, 2, 3]) await on.must(on.post('/v1/namespaces/n/tables/t/write', { data: [{ id, v: 'x' }] }));
  const read = vi.spyOn(on.server.context.db.reader, 'selectFrom');
  const { body } = await on.must(on.post('/v1/namespaces/n/tables/t/plan', { include_files: false }));
  expect(body).toMatchObject({ total_records: 3, total_files: 3, scan_tasks: [] });
  expect(read.mock.calls.map(([table]) => table as string)).not.toContain('deltas');
  const { body: whole } = await on.must(on.post('/v1/namespaces/n/tables/t/plan'));
  expect(body.snapshot_id).toBe(whole.snapshot_id);
  const before = body.snapshot_id;
  const { body: added } = await on.must(on.post('/v1/namespaces/n/tables/t/write', { data: [{ id: 4, v: 'x' }] }));
  const now = async () => (await on.post('/v1/namespaces/n/tables/t/plan', { include_files: false })).body.snapshot_id;
  expect(await now()).not.toBe(before);
  await on.must(on.post('/v1/namespaces/n/tables/t/rollback', { as_of: BigInt(added.committed_at_ns) - 1n }));
  expect(await now()).toBe(before);
});
