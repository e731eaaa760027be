import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { STORE_KINDS } from '../testing/stores.ts';
import type { Database, Queries } from './database.ts';

const INT64_MAX = 2n ** 63n - 1n;

function insertCatalog(queries: Queries, name: string, at = 0n) {
  const row = { catalog_id: name, name, head_seq: 0, head_at_ns: at, definitions_id: name, created_at_ns: at };
  return queries.insertInto('catalogs').values(row).execute();
}

describe.each(STORE_KINDS)(
  '$kind (PostgreSQL is skipped where DELTACAT_TEST_DATABASE_URL names no server)',
  (store) => {
    if (store.is_missing) {
      test.skip('no server to test with', () => {});
      return;
    }
    let folder: string;
    let db: Database;
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'deltacat-db-'));
      db = await store.open(folder);
    });
    afterEach(async () => {
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const catalogNames = async () =>
      (await db.reader.selectFrom('catalogs').select('name').orderBy('name').execute()).map(({ name }) => name);

    describe('values', () => {
      test('64-bit integers come back exactly, counts as numbers', async () => {
        const partition = {
          ...{ partition_id: 'p', table_version_id: 'v', stream_id: 's', scheme_id: 'x', values_key: '[]' },
          ...{ partition_values: [INT64_MAX, 'a', null, 1.5], value_1: null, value_2: null, value_3: null },
          last_position: INT64_MAX,
          ...{ record_count: 2 ** 50, content_length: 0, file_count: 0, delta_count: 0 },
        };
        await db.unit('c', async (queries) => {
          await queries.insertInto('partitions').values(partition).execute();
          await insertCatalog(queries, 'c', INT64_MAX);
        });
        expect(await db.reader.selectFrom('partitions').selectAll().execute()).toEqual([partition]);
        expect(await db.reader.selectFrom('catalogs').selectAll().execute()).toEqual([
          {
            catalog_id: 'c',
            name: 'c',
            head_seq: 0,
            head_at_ns: INT64_MAX,
            definitions_id: 'c',
            created_at_ns: INT64_MAX,
          },
        ]);
      });

      test('booleans and JSON come back as they were', async () => {
        const file = {
          ...{ manifest_id: 'm', ordinal: 0, file_id: 'f', path: '/x', content_type: 'parquet' as const },
          ...{ content_encoding: 'identity' as const, record_count: 2, content_length: 3, source_content_length: null },
          ...{ schema_id: 0, sort_scheme_id: null, mandatory: true },
        };
        const stats = { id: { min: [1, null], max: [INT64_MAX, 'z'], null_count: [0, null] } };
        await db.unit('c', async (queries) => {
          await queries.insertInto('files').values(file).execute();
          await queries.insertInto('file_stats').values({ manifest_id: 'm', stats }).execute();
        });
        expect(await db.reader.selectFrom('files').selectAll().execute()).toEqual([file]);
        expect(await db.reader.selectFrom('file_stats').selectAll().execute()).toEqual([{ manifest_id: 'm', stats }]);
      });

      test('texts come back as they were, and are ordered by code point', async () => {
        const names = ['', '\0', '\0a', '\x010', '\x011', 'B', 'Z', 'a', 'b', 'é', '\uffff', '😀'];
        await db.unit('c', async (queries) => {
          for (const name of names.toReversed()) await insertCatalog(queries, name);
        });
        expect(await catalogNames()).toEqual(names);
        for (const name of names) {
          const found = await db.reader.selectFrom('catalogs').select('name').where('catalog_id', '=', name).execute();
          expect(found).toEqual([{ name }]);
        }
        const capitals = db.reader
          .selectFrom('catalogs')
          .select('name')
          .where('name', '>=', 'A')
          .where('name', '<', 'a');
        expect((await capitals.orderBy('name').execute()).map(({ name }) => name)).toEqual(['B', 'Z']);
      });

      test('a list of nothing finds nothing', async () => {
        await db.unit('c', (queries) => insertCatalog(queries, 'c'));
        const none = db.reader.selectFrom('catalogs').select('name').where('name', 'in', []);
        expect(await none.execute()).toEqual([]);
      });

      test('sums and counts are numbers', async () => {
        await db.unit('c', async (queries) => {
          for (const name of ['a', 'b']) await insertCatalog(queries, name, 2n ** 53n);
        });
        const query = db.reader
          .selectFrom('catalogs')
          .select(({ fn }) => [
            fn.countAll<number>().as('count'),
            fn.sum<number>('head_seq').as('sum'),
            fn.max('head_at_ns').as('head_at_ns'),
          ]);
        expect(await query.execute()).toEqual([{ count: 2, sum: 0, head_at_ns: 2n ** 53n }]);
      });
    });

    describe('a store', () => {
      test('keeps what was done when the server is started again, which then has nothing to migrate', async () => {
        expect(db.migrated).toContain('0001-store');
        await db.unit('c', (queries) => insertCatalog(queries, 'kept'));
        await db.close();
        db = await store.open(folder);
        expect(await catalogNames()).toEqual(['kept']);
        expect(db.migrated).toEqual([]);
      });

      test('written by a newer server is refused and left as it is', async () => {
        const row = { name: '9999-later', applied_at_ns: 0n };
        await db.unit('c', (queries) => queries.insertInto('migrations').values(row).execute());
        await db.close();
        for (const _ of [1, 2])
          await expect(store.open(folder)).rejects.toThrow(/newer server \(migration 9999-later\)/);
      });
    });

    describe('units of work', () => {
      test('a failing unit is undone and leaves the others of its group', async () => {
        const outcomes = await Promise.allSettled(
          ['a', 'bad', 'b'].map((name) =>
            db.unit('c', async (queries) => {
              await insertCatalog(queries, name);
              if (name === 'bad') throw new Error('no');
              return name;
            }),
          ),
        );
        expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(await catalogNames()).toEqual(['a', 'b']);
      });

      test.each([
        ['comes last', async () => {}],
        ['is followed by other inserts', (queries: Queries) => insertCatalog(queries, 'after')],
        ['is followed by a question', (queries: Queries) => queries.selectFrom('catalogs').select('name').execute()],
      ])(
        'an insert that cannot be made and %s refuses its unit, and no other, by what is wrong',
        async (_what, then) => {
          const failing = db.unit('c', async (queries) => {
            for (const name of ['before', 'twice', 'twice']) await insertCatalog(queries, name);
            await then(queries);
          });
          const fine = db.unit('c', (queries) => insertCatalog(queries, 'fine'));
          await expect(failing).rejects.toThrow(/unique constraint/i);
          await fine;
          expect(await catalogNames()).toEqual(['fine']);
        },
      );

      test('a unit sees what it has inserted, however much it was', async () => {
        const names = Array.from({ length: 300 }, (_, index) => `n${1000 + index}`);
        const seen = await db.unit('c', async (queries) => {
          for (const name of names) await insertCatalog(queries, name);
          return queries.selectFrom('catalogs').select('name').orderBy('name').execute();
        });
        expect(seen.map(({ name }) => name)).toEqual(names);
        expect(await catalogNames()).toEqual(names);
      });

      test('units never interleave, whatever they await', async () => {
        await db.unit('c', (queries) => insertCatalog(queries, 'counter'));
        const increment = () =>
          db.unit('c', async (queries) => {
            const { head_seq } = await queries.selectFrom('catalogs').select('head_seq').executeTakeFirstOrThrow();
            await queries
              .updateTable('catalogs')
              .set({ head_seq: head_seq + 1 })
              .execute();
          });
        await Promise.all(Array.from({ length: 500 }, increment));
        const row = await db.reader.selectFrom('catalogs').select('head_seq').executeTakeFirst();
        expect(row).toEqual({ head_seq: 500 });
      });

      test('units are told the time of the store', async () => {
        await db.close();
        let now = 1_000n;
        db = await store.open(folder, { nowNs: () => ++now });
        const told = await Promise.all([1, 2].map(() => db.unit('c', async (_queries, now_ns) => now_ns)));
        expect(told).toEqual([1_001n, 1_002n]);
      });

      test('what is answered is visible to the reading side', async () => {
        for (const name of ['a', 'b', 'c']) {
          await db.unit('c', (queries) => insertCatalog(queries, name));
          expect(await catalogNames()).toContain(name);
        }
      });

      test('a failed COMMIT answers "unavailable" to all of its group, and the next group goes on', async () => {
        // A reference that is checked only at COMMIT, and then found broken, makes the COMMIT itself fail.
        await db.unit('c', async (queries) => {
          await sql`create table parents (id integer primary key)`.execute(queries);
          await sql`create table children (p integer references parents (id) deferrable initially deferred)`.execute(
            queries,
          );
        });
        const outcomes = await Promise.allSettled([
          db.unit('c', (queries) => insertCatalog(queries, 'innocent')),
          db.unit('c', (queries) => sql`insert into children values (1)`.execute(queries)),
          db.unit('c', async () => {
            throw new Error('refused, but on a state that never was');
          }),
        ]);
        for (const outcome of outcomes) {
          expect(outcome).toMatchObject({
            status: 'rejected',
            reason: { code: 'service_unavailable', retryable: true },
          });
        }
        await db.unit('c', (queries) => insertCatalog(queries, 'next'));
        expect(await catalogNames()).toEqual(['next']);
      });

      test('more waiting units than can be held are sent away', async () => {
        const outcomes = await Promise.allSettled(Array.from({ length: 10_010 }, () => db.unit('c', async () => null)));
        const sentAway = outcomes.filter(({ status }) => status === 'rejected');
        expect(sentAway).toHaveLength(10);
        expect(sentAway[0]).toMatchObject({ reason: { code: 'service_unavailable' } });
      });

      test('closing waits for units under way and refuses later ones', async () => {
        const last = db.unit('c', (queries) => insertCatalog(queries, 'last'));
        const closing = db.close();
        await expect(db.unit('c', (queries) => insertCatalog(queries, 'late'))).rejects.toMatchObject({
          code: 'service_unavailable',
        });
        await Promise.all([last, closing]);
        db = await store.open(folder);
        expect(await catalogNames()).toEqual(['last']);
      });
    });
  },
);
