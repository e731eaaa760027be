import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { startTransacting } from '../../testing/transacting.ts';
import { STATEMENTS } from './0009-kept-numbers.ts';

test('a store from before has its partitions counted, and totals that are composed by the next commit', async () => {
  const on = await startTransacting();
  await on.createTable('t');
  await on.write('t', [{ id: 1, v: 'a' }]);
  await on.write('t', [{ id: 2, v: 'b' }]);
  const { db } = on.server.context;
  const partitions = () => db.reader.selectFrom('partitions').selectAll().execute();
  const newest = async () => (await db.reader.selectFrom('totals').selectAll().orderBy('from_seq').execute()).at(-1);
  const before = await partitions();
  expect(before).toMatchObject([{ record_count: 2, file_count: 2, delta_count: 2 }]);
  await db.unit('any', async (queries) => {
    await sql`update partitions set record_count = 0, content_length = 0, file_count = 0, delta_count = 0`.execute(
      queries,
    );
    await sql`update totals set upsert_count = null, fingerprint = null`.execute(queries);
    for (const statement of STATEMENTS.filter((one) => one.startsWith('update'))) {
      await sql.raw(statement).execute(queries);
    }
  });
  expect(await partitions()).toEqual(before);
  await on.write('t', [{ id: 3, v: 'c' }]);
  expect(await newest()).toMatchObject({
    delta_count: 3,
    upsert_count: 3,
    fingerprint: expect.stringMatching(/[1-9a-f]/),
  });
  await on.close();
});
