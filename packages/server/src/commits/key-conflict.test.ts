import { afterEach, beforeEach, expect, test } from 'vitest';
import { publishMadeUp } from '../testing/made-up-files.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { KEYED } from '../testing/writing.ts';

let on: Transacting;
beforeEach(async () => {
  on = await startTransacting();
  await on.must(on.post('/v1/namespaces', { namespace: 'test' }));
  await on.must(on.post('/v1/namespaces/test/tables', { table: 't', schema_def: KEYED }));
});
afterEach(() => on.close());

/** So many files with one key each, every other one from a number on: those from 0 and those from 1 never have the same. */
function filesFrom(first: number, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const key = first + 2 * index;
    return { name: `${key}.parquet`, stats: { id: { min: key, max: key, null_count: 0 } } };
  });
}

async function race(count: number): Promise<{ status: number }> {
  const context = on.server.requestContext();
  const tx = await on.begin();
  const ours = { deltas: [{ type: 'upsert' as const, files: filesFrom(0, count) }], transaction_id: tx.id };
  await publishMadeUp(context, 't', ours);
  await publishMadeUp(context, 't', { deltas: [{ type: 'upsert', files: filesFrom(1, count) }] });
  const { transaction_version } = (await on.server.request('GET', `/v1/transactions/${tx.id}`)).body;
  const { status } = await on.post(`/v1/transactions/${tx.id}/commit`, { transaction_version });
  return { status };
}

test('keys that interleave and never meet do not conflict', async () => {
  expect(await race(300)).toMatchObject({ status: 200 });
});

test('more files than can be compared while the head is held count as having the same keys', async () => {
  expect(await race(600)).toMatchObject({ status: 409 });
});
