import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databaseFor, endConnections, TEST_DATABASE_URL } from '../testing/database.ts';
import type { Database, Queries, StoreOptions } from './database.ts';
import { openPostgres, postgresStatus } from './postgres.ts';

let folder: string;
let opened: Database[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-postgres-'));
  opened = [];
});
afterEach(async () => {
  for (const db of opened) await db.close();
  rmSync(folder, { recursive: true, force: true });
});

async function place(connections_max = 4) {
  return { url: (await databaseFor(folder)) ?? '', connections_max };
}

async function open(options: StoreOptions & { connections_max?: number } = {}): Promise<Database> {
  const db = await openPostgres(await place(options.connections_max), options);
  opened.push(db);
  return db;
}

function insertCatalog(queries: Queries, name: string) {
  const row = { catalog_id: name, name, head_seq: 0, head_at_ns: 0n, definitions_id: name, created_at_ns: 0n };
  return queries.insertInto('catalogs').values(row).execute();
}

async function increment(queries: Queries, catalog_id: string): Promise<number> {
  const of = queries.selectFrom('catalogs').select('head_seq').where('catalog_id', '=', catalog_id);
  const head_seq = (await of.executeTakeFirstOrThrow()).head_seq + 1;
  await queries.updateTable('catalogs').set({ head_seq }).where('catalog_id', '=', catalog_id).execute();
  return head_seq;
}

const countOf = async (db: Database, catalog_id: string) => {
  const query = db.reader.selectFrom('catalogs').select('head_seq').where('catalog_id', '=', catalog_id);
  return (await query.executeTakeFirst())?.head_seq;
};

const raise = (queries: Queries, state: string) =>
  sql.raw(`do $$ begin raise exception 'made up' using errcode = '${state}'; end $$`).execute(queries);

const dieNow = (queries: Queries) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(queries);

/** Makes the COMMIT of whatever is inserted into a table of its own do something. */
async function atCommit(db: Database, action: string): Promise<(queries: Queries) => Promise<unknown>> {
  await db.unit('c', async (queries) => {
    for (const statement of [
      'create table traps (id bigint)',
      `create function act() returns trigger language plpgsql as $$ begin ${action} return null; end $$`,
      `create constraint trigger trap after insert on traps deferrable initially deferred
        for each row execute function act()`,
    ]) {
      await sql.raw(statement).execute(queries);
    }
  });
  return (queries) => sql`insert into traps values (1)`.execute(queries);
}

describe.skipIf(TEST_DATABASE_URL === null)('PostgreSQL (skipped where DELTACAT_TEST_DATABASE_URL names none)', () => {
  describe('several servers on one database', () => {
    test('start at the same time, and one of them makes the tables', async () => {
      const stores = await Promise.all([1, 2, 3, 4].map(() => open()));
      expect(stores.filter(({ migrated }) => migrated.length > 0)).toHaveLength(1);
    });

    test('take turns in one catalog, and are told times that rise with their turns', async () => {
      const [one, other] = [await open(), await open()];
      await one.unit('c', (queries) => insertCatalog(queries, 'c'));
      const turns = await Promise.all(
        Array.from({ length: 200 }, (_, index) =>
          (index % 2 === 0 ? one : other).unit('c', async (queries, now_ns) => ({
            turn: await increment(queries, 'c'),
            now_ns,
          })),
        ),
      );
      const inOrder = turns.toSorted((a, b) => a.turn - b.turn);
      expect(inOrder.map(({ turn }) => turn)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
      for (const [index, { now_ns }] of inOrder.entries()) {
        expect(now_ns).toBeGreaterThanOrEqual(inOrder[index - 1]?.now_ns ?? 0n);
      }
      expect(await countOf(other, 'c')).toBe(200);
    });

    test('do not wait for each other in different catalogs', async () => {
      const db = await open();
      for (const name of ['slow', 'fast']) await db.unit(name, (queries) => insertCatalog(queries, name));
      const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
      const slow = db.unit('slow', async (queries) => {
        await increment(queries, 'slow');
        await held;
      });
      expect(await db.unit('fast', (queries) => increment(queries, 'fast'))).toBe(1);
      letGo();
      await slow;
    });
  });

  test('more catalogs than connections are served all the same', async () => {
    const db = await open({ connections_max: 2 });
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    await Promise.all(names.map((name) => db.unit(name, (queries) => insertCatalog(queries, name))));
    const counts = names.flatMap((name) => [1, 2].map(() => db.unit(name, (queries) => increment(queries, name))));
    await Promise.all([...counts, ...names.map((name) => countOf(db, name))]);
    expect(await Promise.all(names.map((name) => countOf(db, name)))).toEqual(names.map(() => 2));
  });

  describe('a group of units', () => {
    let db: Database;
    beforeEach(async () => {
      db = await open();
      await db.unit('c', (queries) => insertCatalog(queries, 'c'));
    });

    test.each([
      ['could not be serialised', (queries: Queries) => raise(queries, '40001')],
      ['met another in a deadlock', (queries: Queries) => raise(queries, '40P01')],
      ['lost its connection', dieNow],
    ])('that %s is run again from the start, and is done once', async (_what, fail) => {
      let runs = 0;
      const failing = db.unit('c', async (queries) => {
        runs += 1;
        await increment(queries, 'c');
        if (runs === 1) await fail(queries);
        return runs;
      });
      const others = [1, 2, 3].map(() => db.unit('c', (queries) => increment(queries, 'c')));
      expect(await failing).toBe(2);
      await Promise.all(others);
      expect(await countOf(db, 'c')).toBe(4);
    });

    test('that fails again and again is refused, and nothing of it is there', async () => {
      let runs = 0;
      const innocent = db.unit('c', (queries) => increment(queries, 'c'));
      const failing = db.unit('c', async (queries) => {
        runs += 1;
        await raise(queries, '40P01');
      });
      const refusal = {
        code: 'service_unavailable',
        message: expect.stringMatching(/^Nothing was changed: .*made up/),
      };
      await expect(failing).rejects.toMatchObject(refusal);
      await expect(innocent).rejects.toMatchObject(refusal);
      expect([runs, await countOf(db, 'c')]).toEqual([3, 0]);
    });

    test.each(['53100', '53200', '57014', '25006', '58030'])(
      'goes on without a unit that the database has no means for (%s)',
      async (state) => {
        const failing = db.unit('c', async (queries) => {
          await increment(queries, 'c');
          await raise(queries, state);
        });
        const fine = db.unit('c', (queries) => increment(queries, 'c'));
        await expect(failing).rejects.toMatchObject({ code: 'service_unavailable' });
        expect(await fine).toBe(1);
      },
    );

    test('whose connection ends under its COMMIT is told that the outcome is not known', async () => {
      const trap = await atCommit(db, 'perform pg_terminate_backend(pg_backend_pid());');
      const units = [db.unit('c', (queries) => increment(queries, 'c')), db.unit('c', trap)];
      for (const outcome of await Promise.allSettled(units)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'service_unavailable', retryable: true } });
        const { message } = (outcome as PromiseRejectedResult).reason;
        expect(message).toMatch(/is not known: .*operation_id/);
        expect(message).not.toContain('Nothing was changed');
      }
      // This one had not been made durable; the next group goes on, over another connection.
      expect(await db.unit('c', (queries) => increment(queries, 'c'))).toBe(1);
    });

    test('whose COMMIT the database refuses is told that nothing was changed', async () => {
      const trap = await atCommit(db, "raise exception 'no' using errcode = '53100';");
      await expect(db.unit('c', trap)).rejects.toMatchObject({
        message: expect.stringMatching(/^Nothing was changed/),
      });
    });

    test('is never half there, whenever its connection is ended', async () => {
      let done = 0;
      for (let round = 0; round < 20; round += 1) {
        const units = Array.from({ length: 16 }, () =>
          db.unit('c', async (queries) => {
            await increment(queries, 'c');
            await insertCatalog(queries, crypto.randomUUID());
          }),
        );
        await Promise.all([endConnections(folder), endConnections(folder)]);
        for (const outcome of await Promise.allSettled(units)) {
          if (outcome.status === 'fulfilled') done += 1;
          else expect(outcome.reason).toMatchObject({ code: 'service_unavailable' });
        }
      }
      const rows = await db.reader.selectFrom('catalogs').select('catalog_id').execute();
      const count = (await countOf(db, 'c')) ?? 0;
      expect(count).toBe(rows.length - 1);
      expect(count).toBeGreaterThanOrEqual(done);
      expect(done).toBeGreaterThan(0);
    });
  });

  test('what is answered is durable, on a database that does not wait for its disk otherwise', async () => {
    const { url, connections_max } = await place();
    const hasty = new URL(url);
    hasty.searchParams.set('options', `${hasty.searchParams.get('options')} -c synchronous_commit=off`);
    const db = await openPostgres({ url: hasty.href, connections_max });
    opened.push(db);
    const show = (queries: Queries) => sql`show synchronous_commit`.execute(queries);
    expect((await show(db.reader)).rows).toEqual([{ synchronous_commit: 'off' }]);
    expect((await db.unit('c', show)).rows).toEqual([{ synchronous_commit: 'on' }]);
  });

  test('reading goes on after every connection was ended', async () => {
    const db = await open();
    await Promise.all([1, 2, 3].map(() => db.reader.selectFrom('catalogs').select('name').execute()));
    await endConnections(folder);
    // The end of a connection takes a moment to arrive.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await db.reader.selectFrom('catalogs').select('name').execute()).toEqual([]);
  });

  test('statements that come again are prepared once, and only so many', async () => {
    const db = await open({ connections_max: 2 });
    for (let length = 1; length < 400; length += 1) {
      const names = Array.from({ length }, (_, index) => `n${index}`);
      for (const _ of [1, 2]) {
        await db.reader.selectFrom('catalogs').select('name').where('name', 'in', names).execute();
      }
    }
    const kept = sql<{ count: number }>`select count(*) as count from pg_prepared_statements`;
    const { count = 0 } = (await kept.execute(db.reader)).rows[0] ?? {};
    expect(count).toBeGreaterThan(100);
    expect(count).toBeLessThanOrEqual(300);
  });

  describe('a database that cannot be used', () => {
    test('is named without its password', async () => {
      const refused = openPostgres({ url: 'postgres://me:s3cret@127.0.0.1:1/db?password=s3cret', connections_max: 2 });
      const error: Error = await refused.then(
        () => new Error('it opened'),
        (reason) => reason,
      );
      expect(error.message).toMatch(/^The database postgres:\/\/me@127.0.0.1:1\/db cannot be used: .*ECONNREFUSED/);
      expect(JSON.stringify([error.message, error.stack])).not.toContain('s3cret');
    });

    test('for want of a schema is told so', async () => {
      const { url, connections_max } = await place();
      const lost = new URL(url);
      lost.searchParams.set('options', '-c search_path=no_such_schema');
      await expect(openPostgres({ url: lost.href, connections_max })).rejects.toThrow(/no schema.*search_path/);
    });
  });

  test('which migrations it has can be asked before it has any, and changes nothing', async () => {
    const before = await postgresStatus(await place());
    expect(before.applied).toEqual([]);
    expect(await postgresStatus(await place())).toEqual(before);
    const { migrated } = await open();
    expect(migrated).toEqual(before.pending);
    expect(await postgresStatus(await place())).toEqual({ applied: before.pending, pending: [] });
  });
});
