import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { startTestServer } from '../../testing/server.ts';
import { STATEMENTS } from './0011-outbox.ts';

test('a store from before keeps the events that nobody has acted on, and no other', async () => {
  const { context, close } = await startTestServer();
  const { db } = context;
  await db.unit('any', async (queries) => {
    const before = [
      'drop index outbox_by_kind',
      'alter table outbox add column done_at_ns bigint',
      'create index outbox_open on outbox (event_id) where done_at_ns is null',
      `insert into outbox (catalog_id, seq, kind, created_at_ns, done_at_ns) values ('c', 1, 'commit', 1, 2)`,
      `insert into outbox (catalog_id, seq, kind, created_at_ns, done_at_ns) values ('c', 2, 'commit', 1, null)`,
    ];
    for (const statement of [...before, ...STATEMENTS]) await sql.raw(statement).execute(queries);
  });
  expect(await db.reader.selectFrom('outbox').selectAll().execute()).toMatchObject([{ seq: 2, kind: 'commit' }]);
  await close();
});
