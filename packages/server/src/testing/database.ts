import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll } from 'vitest';

/** The PostgreSQL server that tests keep their stores in; null for SQLite, each store in its folder. */
export const TEST_DATABASE_URL = process.env.DELTACAT_TEST_DATABASE_URL || null;

const made = new Map<string, Promise<void>>();

/**
 * The address of a database that is empty at first and belongs to a folder: asked again for the same folder it is the
 * same, so that a server which is started again finds its store. Gone when the tests of the file are over; null where tests use SQLite.
 */
export async function databaseFor(root: string): Promise<string | null> {
  if (TEST_DATABASE_URL === null) return null;
  const schema = schemaFor(root);
  const making = made.get(schema) ?? execute(`create schema if not exists ${schema}`);
  made.set(schema, making);
  await making;
  const url = new URL(TEST_DATABASE_URL);
  url.searchParams.set('options', `-c search_path=${schema}`);
  url.searchParams.set('application_name', schema);
  return url.href;
}

/** Ends the connections that servers have to the database of a folder, as a database that is restarted does. */
export async function endConnections(root: string): Promise<void> {
  await execute(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${schemaFor(root)}'`);
}

function schemaFor(root: string): string {
  return `deltacat_test_${createHash('sha256').update(root).digest('hex').slice(0, 20)}`;
}

/** The same as the environment of a server; without a variable for SQLite. */
export async function environmentFor(root: string): Promise<Record<string, string>> {
  const url = await databaseFor(root);
  return url === null ? {} : { DELTACAT_DATABASE_URL: url };
}

afterAll(async () => {
  for (const schema of made.keys()) await execute(`drop schema if exists ${schema} cascade`);
  made.clear();
});

async function execute(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: TEST_DATABASE_URL ?? '' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
