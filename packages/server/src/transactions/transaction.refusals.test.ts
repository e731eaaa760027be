import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../testing/server.ts';
import { startTransacting, type TestTransaction, type Transacting } from '../testing/transacting.ts';
import { KEYED } from '../testing/writing.ts';
import { cleanTransactions } from './clean.ts';
import { expireTransactions } from './expire.ts';

let on: Transacting;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  on = await startTransacting(clock);
});
afterEach(() => on.close());

const refusal = (status: number, code: string) => ({ status, body: { error: { code } } });
const TABLE = '/v1/namespaces/n/tables/t';

/** Ends or keeps a transaction, at a version of the caller's choice. */
function send(tx: TestTransaction, how: string, at: number | { transaction_version: number; reason: string }) {
  const body = typeof at === 'number' ? { transaction_version: at } : at;
  return on.server.request('POST', `/v1/transactions/${tx.id}/${how}`, body);
}

const stateOf = async (tx: TestTransaction) => (await on.server.request('GET', `/v1/transactions/${tx.id}`)).body;

describe('versions', () => {
  test('every change raises the version, and its answer tells it', async () => {
    const tx = await on.begin();
    const first = await tx.call('POST', '/v1/namespaces', { namespace: 'a' });
    expect(first.body).toMatchObject({ transaction_id: tx.id, transaction_version: 2, seq: null });
    const second = await tx.call('PUT', '/v1/namespaces/a', { properties: { k: 'v' } });
    expect(second.body).toMatchObject({ transaction_id: tx.id, transaction_version: 3, committed_at_ns: null });
    expect(await stateOf(tx)).toMatchObject({ transaction_version: 3, operation_count: 2, status: 'RUNNING' });
  });

  test('a stale version is 409 for changes, commit and abort, never 400, and changes nothing', async () => {
    const tx = await on.begin();
    await tx.call('POST', '/v1/namespaces', { namespace: 'a' });
    const stale = refusal(409, 'transaction_version_mismatch');
    const path = `/v1/namespaces?transaction_id=${tx.id}&transaction_version=1`;
    expect(await on.server.request('POST', path, { namespace: 'b' })).toMatchObject(stale);
    expect(await send(tx, 'commit', 1)).toMatchObject(stale);
    expect(await send(tx, 'abort', 1)).toMatchObject(stale);
    expect(await send(tx, 'heartbeat', 9)).toMatchObject(stale);
    expect(await stateOf(tx)).toMatchObject({ transaction_version: 2, operation_count: 1, status: 'RUNNING' });
    expect((await tx.call('GET', '/v1/namespaces/b/exists')).body.exists).toBe(false);
  });

  test('reads and heartbeats take any version that was there, and raise none', async () => {
    const tx = await on.begin();
    await tx.call('POST', '/v1/namespaces', { namespace: 'a' });
    const at = (version: number) =>
      on.server.request('GET', `/v1/namespaces/a?transaction_id=${tx.id}&transaction_version=${version}`);
    expect((await at(1)).status).toBe(200);
    expect((await at(2)).status).toBe(200);
    expect(await at(3)).toMatchObject(refusal(409, 'transaction_version_mismatch'));
    expect((await send(tx, 'heartbeat', 1)).body.transaction_version).toBe(2);
  });

  test('a refused change leaves the version as it was', async () => {
    const tx = await on.begin();
    expect(await tx.call('DELETE', '/v1/namespaces/nowhere')).toMatchObject(refusal(404, 'namespace_not_found'));
    expect((await stateOf(tx)).transaction_version).toBe(1);
  });

  test('changes that leave the version out are taken one after another', async () => {
    const tx = await on.begin();
    const names = Array.from({ length: 8 }, (_, index) => `p${index}`);
    const path = `/v1/namespaces?transaction_id=${tx.id}`;
    const answers = await Promise.all(names.map((namespace) => on.server.request('POST', path, { namespace })));
    expect(answers.map(({ body }) => body.transaction_version).toSorted()).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('repetition', () => {
  test('a change with an operation id is done once, and answered alike whatever happened since', async () => {
    const tx = await on.begin();
    const path = `/v1/namespaces?transaction_id=${tx.id}&operation_id=op-1`;
    const first = await on.server.request('POST', `${path}&transaction_version=1`, { namespace: 'a' });
    await tx.call('POST', '/v1/namespaces?x=1', { namespace: 'b' });
    const again = await on.server.request('POST', `${path}&transaction_version=1`, { namespace: 'a' });
    const later = await on.server.request('POST', `${path}&transaction_version=2`, { namespace: 'a' });
    expect([again.body, later.body]).toEqual([first.body, first.body]);
    const other = await on.server.request('POST', path, { namespace: 'c' });
    expect(other).toMatchObject(refusal(409, 'operation_id_reused'));
  });

  test('opening one with an operation id opens one', async () => {
    const body = { commit_message: 'once', operation_id: 'open-1' };
    const [first, again] = [await on.begin(body), await on.begin(body)];
    expect(again.id).toBe(first.id);
    const other = await on.server.request('POST', '/v1/transactions', { ...body, commit_message: 'twice' });
    expect(other).toMatchObject(refusal(409, 'operation_id_reused'));
  });

  test('a commit is answered alike however often it is sent', async () => {
    const tx = await on.begin();
    await tx.call('POST', '/v1/namespaces', { namespace: 'a' });
    const [first, again] = await Promise.all([send(tx, 'commit', 2), send(tx, 'commit', 2)]);
    expect([first?.status, again?.body]).toEqual([200, first?.body]);
    expect((await send(tx, 'commit', 2)).body).toEqual(first?.body);
  });

  test('an abort may be repeated, a commit after it may not', async () => {
    const tx = await on.begin();
    expect((await send(tx, 'abort', { transaction_version: 1, reason: 'no' })).body.status).toBe('ABORTED');
    expect(await send(tx, 'abort', { transaction_version: 1, reason: 'again' })).toMatchObject({
      ...{ status: 200, body: { status: 'ABORTED', abort_reason: 'no' } },
    });
    const refused = await send(tx, 'commit', 1);
    expect(refused).toMatchObject(refusal(409, 'transaction_closed'));
    expect(refused.body.error.message).toContain('ABORTED (no)');
  });
});

describe('what is over', () => {
  test('takes no change, no read, no heartbeat and no abort after the commit', async () => {
    await on.createTable('t');
    const tx = await on.begin();
    await on.must(tx.commit());
    const closed = refusal(409, 'transaction_closed');
    expect(await tx.call('POST', '/v1/namespaces', { namespace: 'a' })).toMatchObject(closed);
    expect(await tx.call('GET', TABLE)).toMatchObject(closed);
    expect(await tx.call('POST', `${TABLE}/plan`)).toMatchObject(closed);
    expect(await send(tx, 'heartbeat', tx.version())).toMatchObject(closed);
    expect(await send(tx, 'abort', tx.version())).toMatchObject(closed);
  });

  test('expires without a heartbeat, and then is refused and cleaned away', async () => {
    await on.createTable('t');
    const before = await on.state();
    const tx = await on.begin();
    await tx.write('t', [{ id: 1, v: 'a' }]);
    clock.advanceSeconds(3_599);
    expect((await send(tx, 'heartbeat', 3)).status).toBe(200);
    clock.advanceSeconds(3_599);
    expect(await expireTransactions(on.server.context)).toBe(0);
    clock.advanceSeconds(2);
    expect((await stateOf(tx)).status).toBe('EXPIRED');
    expect(await send(tx, 'commit', 3)).toMatchObject(refusal(409, 'transaction_closed'));
    expect(await expireTransactions(on.server.context)).toBe(1);
    expect((await send(tx, 'abort', 3)).body).toMatchObject({ status: 'EXPIRED', transaction_version: 4 });
    expect(await cleanTransactions(on.server.context)).toBe(1);
    expect(await cleanTransactions(on.server.context)).toBe(0);
    expect(await on.state()).toEqual(before);
  });

  test('a change keeps it alive as a heartbeat does', async () => {
    const tx = await on.begin();
    clock.advanceSeconds(3_000);
    await on.must(tx.call('POST', '/v1/namespaces', { namespace: 'a' }));
    clock.advanceSeconds(3_000);
    expect((await on.must(tx.commit())).body.status).toBe('COMMITTED');
  });

  test('a rewrite after one expired does not bring its rows in', async () => {
    await on.createTable('t');
    await on.write('t', [{ id: 1, v: 'a' }]);
    const tx = await on.begin();
    await tx.write('t', [{ id: 1, v: 'never' }]);
    clock.advanceSeconds(4_000);
    await expireTransactions(on.server.context);
    const old = await on.server.requestAs({})('POST', `${TABLE}/plan`);
    expect(old.body).toMatchObject({ requires_mor: false, total_records: 1 });
    await cleanTransactions(on.server.context);
    expect(await on.rows('t')).toEqual(['1 a']);
    expect(await on.positions()).toEqual([1n]);
  });
});

describe('what cannot be a part of one', () => {
  const alone: [string, string, object?][] = [
    ['write_data', `${TABLE}/write?mode=append`, { data: { id: [1], v: ['a'] } }],
    ['truncate_table', `${TABLE}/truncate`],
    ['rollback_table', `${TABLE}/rollback`, { as_of: 1 }],
  ];

  test.each(alone)('%s says so, and does nothing', async (_name, path, body) => {
    await on.createTable('t');
    const tx = await on.begin();
    const before = await on.state();
    expect(await tx.call('POST', path, body)).toMatchObject(refusal(400, 'not_transactional'));
    expect(await on.state()).toEqual(before);
  });

  test('a time of its own', async () => {
    await on.createTable('t');
    const tx = await on.begin();
    expect(await tx.call('GET', `${TABLE}?as_of=1`)).toMatchObject(refusal(400, 'invalid_request'));
    expect(await tx.call('POST', `${TABLE}/plan?as_of=1`)).toMatchObject(refusal(400, 'invalid_request'));
  });

  test('an unknown transaction, and one of another catalog', async () => {
    const unknown = refusal(404, 'transaction_not_found');
    expect(await on.server.request('GET', '/v1/transactions/none')).toMatchObject(unknown);
    expect(await on.server.request('GET', '/v1/namespaces?transaction_id=none')).toMatchObject(unknown);
    expect(await on.server.request('POST', '/v1/namespaces?transaction_id=none', { namespace: 'a' })).toMatchObject(
      unknown,
    );
    const tx = await on.begin();
    expect(await tx.call('GET', '/v1/namespaces?catalog=other')).toMatchObject(refusal(404, 'catalog_not_found'));
  });
});

describe('an earlier time', () => {
  test('is read only: reads show it, changes are refused, and the commit is clean', async () => {
    await on.createTable('t');
    const written = await on.write('t', [{ id: 1, v: 'a' }]);
    await on.write('t', [{ id: 1, v: 'b' }]);
    await on.must(on.post('/v1/namespaces', { namespace: 'later' }));
    const tx = await on.begin({ as_of: written.body.committed_at_ns });
    expect(await tx.rows('t')).toEqual(['1 a']);
    expect((await tx.call('GET', '/v1/namespaces')).body).toHaveLength(1);
    expect((await tx.call('GET', TABLE)).body).toMatchObject({ total_records: 1 });
    const refused = refusal(400, 'read_only_transaction');
    expect(await tx.call('POST', '/v1/namespaces', { namespace: 'a' })).toMatchObject(refused);
    expect(await tx.call('DELETE', TABLE)).toMatchObject(refused);
    const opening = { mode: 'append', transaction_id: tx.id };
    expect(await on.post(`${TABLE}/write-sessions`, opening)).toMatchObject(refused);
    const committed = await on.must(tx.commit());
    expect(committed.body).toMatchObject({ status: 'COMMITTED', as_of: written.body.committed_at_ns, seq: null });
  });

  test('cannot lie in the future', async () => {
    const as_of = clock.nowNs() + 60_000_000_000n;
    expect(await on.post('/v1/transactions', { as_of })).toMatchObject(refusal(400, 'invalid_as_of'));
  });
});

describe('write sessions', () => {
  test('are bound to it: attached by their commit, visible and COMMITTED with it', async () => {
    await on.createTable('t');
    const tx = await on.begin();
    const session = await on.open('t', { transaction_id: tx.id, transaction_version: 1 });
    expect(session).toMatchObject({ transaction_id: tx.id, transaction_version: 2, status: 'OPEN' });
    const entry = await on.put(session.data_dir, [{ id: 1, v: 'a' }]);
    const attached = await on.commit(session, [entry], { operation_id: 'op-1' });
    expect(attached.body).toMatchObject({
      ...{ status: 'ATTACHED', attached: true, committed: false, transaction_version: 3, files_registered: 1 },
    });
    const again = await on.commit(session, [entry], { operation_id: 'op-1' });
    expect(again.body).toMatchObject({ status: 'ATTACHED', transaction_version: 3 });
    const read = async () => (await on.server.request('GET', `/v1/write-sessions/${session.session_id}`)).body;
    expect(await stateOf(tx)).toMatchObject({ bound_write_sessions: [session.session_id] });
    const { body } = await on.must(send(tx, 'commit', 3));
    expect(await read()).toMatchObject({
      ...{ status: 'COMMITTED', committed: true, seq: body.seq, committed_at_ns: body.committed_at_ns },
    });
  });

  test('left open are aborted by its commit; all are by its abort; none outlives it', async () => {
    await on.createTable('t');
    const fates = { commit: 'ABORTED', abort: 'ABORTED' };
    for (const [how, fate] of Object.entries(fates)) {
      const tx = await on.begin();
      const session = await on.open('t', { transaction_id: tx.id });
      await on.must(send(tx, how, 2));
      const { body } = await on.server.request('GET', `/v1/write-sessions/${session.session_id}`);
      expect(body).toMatchObject({ status: fate, abort_reason: expect.stringContaining('its transaction is') });
      const entry = await on.put(session.data_dir, [{ id: 1, v: 'a' }]);
      expect(await on.commit(session, [entry])).toMatchObject(refusal(409, 'write_session_closed'));
    }
  });

  test('live as long as it does, and a heartbeat of one keeps it', async () => {
    await on.createTable('t');
    const tx = await on.begin();
    const session = await on.open('t', { transaction_id: tx.id });
    clock.advanceSeconds(3_000);
    const beat = await on.post(`/v1/write-sessions/${session.session_id}/heartbeat`, { session_version: 1 });
    expect(beat.body).toMatchObject({ status: 'OPEN', expires_at: (await stateOf(tx)).expires_at });
    clock.advanceSeconds(3_000);
    expect((await stateOf(tx)).status).toBe('RUNNING');
    clock.advanceSeconds(1_000);
    await expireTransactions(on.server.context);
    const { body } = await on.server.request('GET', `/v1/write-sessions/${session.session_id}`);
    expect(body.status).toBe('EXPIRED');
  });

  test('of another transaction are not found by their write key', async () => {
    await on.createTable('t');
    const [one, two] = [await on.begin(), await on.begin()];
    const keyed = (transaction_id?: string) =>
      on.open('t', { write_key: 'k', ...(transaction_id ? { transaction_id } : {}) });
    const ids = [await keyed(one.id), await keyed(two.id), await keyed(), await keyed(one.id)];
    expect(ids[3]?.session_id).toBe(ids[0]?.session_id);
    expect(new Set(ids.map(({ session_id }) => session_id)).size).toBe(3);
  });

  test('are not needed: files committed without one, or by a token, become visible with it as well', async () => {
    await on.createTable('t');
    const tx = await on.begin();
    const staged = await on.must(tx.call('POST', `${TABLE}/stage?mode=append`));
    expect(staged.body).toMatchObject({ transaction_id: tx.id, transaction_version: 2 });
    const entries = [await on.put(staged.body.data_dir, [{ id: 1, v: 'a' }])];
    const { validation_token } = staged.body;
    const by_token = { manifest_entries: entries, validation_token };
    expect(await on.post(`${TABLE}/commit?transaction_id=none`, by_token)).toMatchObject(
      refusal(400, 'invalid_request'),
    );
    const attached = await on.must(tx.call('POST', `${TABLE}/commit`, by_token));
    expect(attached.body).toMatchObject({ transaction_id: tx.id, transaction_version: 3, seq: null });
    const free = await on.put(`${on.server.root}/free`, [{ id: 2, v: 'b' }]);
    const registered = await on.must(tx.call('POST', `${TABLE}/commit?mode=append`, { manifest_entries: [free] }));
    expect(registered.body).toMatchObject({ transaction_id: tx.id, transaction_version: 4, seq: null });
    expect(await on.rows('t')).toEqual([]);
    expect(await tx.rows('t')).toEqual(['1 a', '2 b']);
    await on.must(tx.commit());
    expect(await on.rows('t')).toEqual(['1 a', '2 b']);
  });

  test('may make the table that they write to', async () => {
    const tx = await on.begin();
    await tx.write('fresh', [{ id: 1, v: 'a' }]);
    expect(await tx.rows('fresh')).toEqual(['1 a']);
    expect(await on.server.request('GET', '/v1/namespaces/n/tables/fresh')).toMatchObject(
      refusal(404, 'table_not_found'),
    );
    await on.must(tx.commit());
    expect(await on.rows('fresh')).toEqual(['1 a']);
    expect((await on.server.request('GET', '/v1/namespaces/n/tables/fresh')).body.schema).toHaveLength(KEYED.length);
  });
});

describe('the list of transactions', () => {
  test('tells the newest first, by status, within its limit', async () => {
    const none = await on.must(on.server.request('GET', '/v1/transactions'));
    expect(none.body).toEqual({ transactions: [] });
    const [one, two, three] = [await on.begin(), await on.begin(), await on.begin()];
    await two.abort();
    const ids = async (query: string) => {
      const { body } = await on.must(on.server.request('GET', `/v1/transactions${query}`));
      return body.transactions.map(({ transaction_id }: { transaction_id: string }) => transaction_id);
    };
    expect(await ids('')).toEqual([three.id, two.id, one.id]);
    expect(await ids('?status=running')).toEqual([three.id, one.id]);
    expect(await ids('?limit=1')).toEqual([three.id]);
    expect(await on.server.request('GET', '/v1/transactions?limit=0')).toMatchObject(refusal(400, 'invalid_request'));
    expect(await on.server.request('GET', '/v1/transactions?limit=1001')).toMatchObject(
      refusal(400, 'invalid_request'),
    );
  });
});
