import { sql } from 'kysely';
import type { Queries } from './database.ts';

/** What differs between databases when tables are made. */
export interface MigrationDialect {
  migrations: readonly { name: string; statements: readonly string[] }[];
  /** The type of a self-numbering primary key. */
  id: string;
}

/**
 * Brings a store up to date, each migration in one transaction. Throws when the store has migrations that this server
 * does not know: it was written by a newer one, and guessing would lose data.
 */
export async function migrate(queries: Queries, dialect: MigrationDialect): Promise<void> {
  await sql`create table if not exists migrations (name text primary key, applied_at_ns bigint not null)`.execute(
    queries,
  );
  const applied = new Set((await queries.selectFrom('migrations').select('name').execute()).map((row) => row.name));
  const known = new Set(dialect.migrations.map((migration) => migration.name));
  const unknown = [...applied].filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new Error(
      `The store was written by a newer server (migration ${unknown.join(', ')}). Run that version or newer.`,
    );
  }
  for (const migration of dialect.migrations.filter(({ name }) => !applied.has(name))) {
    await queries.transaction().execute(async (transaction) => {
      for (const statement of migration.statements) {
        await sql.raw(statement.replaceAll('{id}', dialect.id)).execute(transaction);
      }
      const applied_at_ns = BigInt(Date.now()) * 1_000_000n;
      await transaction.insertInto('migrations').values({ name: migration.name, applied_at_ns }).execute();
    });
  }
}
