import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { readSteadily } from './steady-read.ts';

let on: Transacting;
beforeEach(async () => {
  on = await startTransacting();
});
afterEach(() => on.close());

const TABLE = '/v1/namespaces/n/tables/t';

test('what was read across a change of its transaction is read again', async () => {
  const tx = await on.begin();
  const seen: number[] = [];
  const answer = await readSteadily(on.server.context, tx.id, async () => {
    seen.push(tx.version());
    if (seen.length < 3) await on.must(tx.call('POST', '/v1/namespaces', { namespace: `m${seen.length}` }));
    return seen.length;
  });
  expect([answer, seen]).toEqual([3, [1, 2, 3]]);
});

test('a transaction that never stands still is told, not answered with a part of each state', async () => {
  const tx = await on.begin();
  let count = 0;
  const read = readSteadily(on.server.context, tx.id, async () => {
    count += 1;
    await on.must(tx.call('POST', '/v1/namespaces', { namespace: `m${count}` }));
  });
  await expect(read).rejects.toMatchObject({ code: 'concurrent_modification', retryable: true });
});

test('every kind of read is one of the states of its transaction, whatever it does meanwhile', async () => {
  await on.createTable('t');
  await on.write('t', [{ id: 0, v: 'x' }]);
  const tx = await on.begin();
  const within = `transaction_id=${tx.id}`;
  let done = false;
  const changing = (async () => {
    for (let size = 1; size <= 12; size += 1) {
      const rows = Array.from({ length: size }, (_, id) => ({ id, v: 'y' }));
      await tx.write('t', rows, 'replace');
    }
  })().finally(() => {
    done = true;
  });
  while (!done) {
    const described = await on.server.request('GET', `${TABLE}?${within}`);
    const plan = await on.server.request('POST', `${TABLE}/plan?${within}`);
    for (const { status, body } of [described, plan]) {
      if (status === 409) expect(body.error.code).toBe('concurrent_modification');
      else expect([status, body.total_files, body.total_records > 0]).toEqual([200, 1, true]);
    }
    // Requests that need no waiting would leave the changes no time.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await changing;
  expect((await tx.call('GET', TABLE)).body).toMatchObject({ total_records: 12, delta_count: 1 });
});
