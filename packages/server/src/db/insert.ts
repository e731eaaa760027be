import type { Insertable } from 'kysely';
import { chunks } from './chunks.ts';
import type { Queries } from './database.ts';
import { prepared } from './prepared.ts';
import type { Tables } from './tables.ts';

type InsertOne = (queries: Queries, row: object) => Promise<unknown>;

const inserts = new Map<string, InsertOne>();

/** Adds rows to a table. A single row, as most commits have them, goes through a prepared statement. */
export async function insertRows<T extends keyof Tables>(
  queries: Queries,
  table: T,
  rows: Insertable<Tables[T]>[],
): Promise<void> {
  const [first] = rows;
  if (rows.length === 1 && first) {
    await insertOne(table, Object.keys(first))(queries, first);
    return;
  }
  for (const some of chunks(rows)) await insertInto(queries, table, some).execute();
}

function insertOne(table: keyof Tables, columns: string[]): InsertOne {
  const key = `${table} ${columns.join(' ')}`;
  const known = inserts.get(key);
  if (known) return known;
  const insert = prepared<object, unknown>((queries, parameters) => {
    const row = Object.fromEntries(columns.map((column) => [column, Reflect.get(parameters, column)]));
    return insertInto(queries, table, [row]);
  });
  inserts.set(key, insert);
  return insert;
}

function insertInto(queries: Queries, table: keyof Tables, rows: object[]) {
  // Rows of a table are insertable into it; the compiler cannot follow that through the type parameter.
  return queries.insertInto(table as 'deltas').values(rows as Insertable<Tables['deltas']>[]);
}
