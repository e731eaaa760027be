import { sql } from 'kysely';
import { machineTime } from './clock.ts';
import type { Queries } from './database.ts';
import { MIGRATIONS } from './migrations/migrations.ts';

/** What differs between databases when tables are made. */
export interface MigrationDialect {
  /** A statement of a migration as this database wants it. */
  adapt(statement: string): string;
  /** A statement that keeps others from migrating until the transaction ends; null where nobody else can. */
  lock: string | null;
}

/** Which migrations a store has, and which it still lacks; both in the order in which they are applied. */
export interface MigrationStatus {
  applied: string[];
  pending: string[];
}

/** What a store has before its first migration. */
export const UNMIGRATED: MigrationStatus = { applied: [], pending: MIGRATIONS.map(({ name }) => name) };

/**
 * Brings a store up to date in one transaction; answers the names of the migrations that it lacked. Throws when the store
 * has migrations that this server does not know: it was written by a newer one, and guessing would lose data.
 */
export function migrate(queries: Queries, { adapt, lock }: MigrationDialect): Promise<string[]> {
  return queries.transaction().execute(async (transaction) => {
    if (lock !== null) await sql.raw(lock).execute(transaction);
    const statement = 'create table if not exists migrations (name text primary key, applied_at_ns bigint not null)';
    await sql.raw(adapt(statement)).execute(transaction);
    const { pending } = await migrationStatus(transaction);
    for (const { name, statements } of MIGRATIONS.filter((migration) => pending.includes(migration.name))) {
      for (const statement of statements) await sql.raw(adapt(statement)).execute(transaction);
      await transaction.insertInto('migrations').values({ name, applied_at_ns: machineTime() }).execute();
    }
    return pending;
  });
}

/** Reads which migrations a store has that was migrated before. Throws when it was written by a newer server. */
export async function migrationStatus(queries: Queries): Promise<MigrationStatus> {
  const rows = await queries.selectFrom('migrations').select('name').orderBy('name').execute();
  const applied = rows.map(({ name }) => name);
  const known = MIGRATIONS.map(({ name }) => name);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(
      `The store was written by a newer server (migration ${unknown.join(', ')}). Run that version or newer.`,
    );
  }
  return { applied, pending: known.filter((name) => !applied.includes(name)) };
}
