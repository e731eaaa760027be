import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
} from 'kysely';
import { machineTime } from './clock.ts';
import { readColumn, writeColumn } from './columns.ts';
import type { Database, Queries, StoreOptions } from './database.ts';
import { isStoreFailure } from './failure.ts';
import { explainFolder, makeFolder } from './folder.ts';
import { holdFolder } from './lock.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS } from './migrations/migrations.ts';
import type { Tables } from './tables.ts';
import { UnitQueue } from './units.ts';

/** How many compiled statements one connection keeps. The server issues fewer than two hundred distinct texts. */
const STATEMENTS_MAX = 500;

/** How long a statement waits for another process that joined the folder. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens (or creates) the store in a folder: WAL with `synchronous=FULL`, so that a commit is on disk when it returns.
 * One connection writes, another reads. Throws when another server holds the folder, when it cannot be written
 * to, or when its store is newer than us.
 */
export async function openSqlite(folder: string, { nowNs = machineTime }: StoreOptions = {}): Promise<Database> {
  try {
    makeFolder(folder);
    return await openIn(folder, nowNs);
  } catch (error) {
    throw explainFolder(error, folder);
  }
}

async function openIn(folder: string, nowNs: () => bigint): Promise<Database> {
  const release = holdFolder(folder);
  const opened: DatabaseSync[] = [];
  try {
    const file = join(folder, 'catalog.db');
    const open = () => {
      const connection = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
      opened.push(connection);
      return configured(connection);
    };
    const writer = open();
    const queries = kyselyOn(writer);
    await migrate(queries, { migrations: MIGRATIONS, id: 'integer primary key autoincrement' });
    const reader = open();
    reader.exec('PRAGMA query_only = 1');
    return database({ writer, queries, reader: kyselyOn(reader), nowNs, release });
  } catch (error) {
    for (const connection of opened) connection.close();
    release();
    throw error;
  }
}

interface Parts {
  writer: DatabaseSync;
  queries: Queries;
  reader: Queries;
  nowNs: () => bigint;
  release: () => void;
}

function database({ writer, queries, reader, nowNs, release }: Parts): Database {
  const units = new UnitQueue({
    queries,
    nowNs,
    begin: () => writer.exec('BEGIN IMMEDIATE'),
    commit: () => writer.exec('COMMIT'),
    rollback: () => writer.exec('ROLLBACK'),
    savepoint: () => writer.exec('SAVEPOINT unit'),
    release: () => writer.exec('RELEASE unit'),
    undo: () => writer.exec('ROLLBACK TO unit; RELEASE unit'),
    // Statements of many rows end with such an error alone; others take the whole transaction with them.
    isFailure: isStoreFailure,
  });
  const close = async () => {
    await units.close();
    await reader.destroy();
    await queries.destroy();
    release();
  };
  let closing: Promise<void> | null = null;
  return {
    // One connection writes for every catalog, so their units wait for each other.
    unit: (_catalog_id, work) => units.run(work),
    reader,
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function configured(connection: DatabaseSync): DatabaseSync {
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY');
  connection.exec('PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -65536');
  return connection;
}

/** Kysely's SQLite driver asks for the shape of better-sqlite3; this gives it `node:sqlite` in that shape. */
function kyselyOn(connection: DatabaseSync): Kysely<Tables> {
  const statements = new Map<string, ReturnType<typeof adapt>>();
  const prepare = (sql: string) => {
    const known = statements.get(sql);
    if (known) return known;
    if (statements.size >= STATEMENTS_MAX) statements.clear();
    const statement = adapt(connection.prepare(sql));
    statements.set(sql, statement);
    return statement;
  };
  return new Kysely<Tables>({
    dialect: new UnlockedDialect({ database: { prepare, close: () => connection.close() } }),
  });
}

/** Kysely locks a single connection for every query; here units take turns, and a statement is over when it returns. */
class UnlockedDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new ForgivingDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new UnlockedAdapter();
  }
}

/** A full disk ends a transaction by itself; that nothing is left to roll back then must not hide why. */
class ForgivingDriver extends SqliteDriver {
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await super.rollbackTransaction(connection).catch(() => undefined);
  }
}

class UnlockedAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function adapt(statement: StatementSync) {
  statement.setReadBigInts(true);
  const bind = (parameters: readonly unknown[]): SQLInputValue[] => parameters.map(writeColumn);
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => statement.all(...bind(parameters)).map(readRow),
    run: (parameters: readonly unknown[]) => {
      const { changes, lastInsertRowid } = statement.run(...bind(parameters));
      return { changes, lastInsertRowid };
    },
    *iterate(parameters: readonly unknown[]) {
      for (const row of statement.iterate(...bind(parameters))) yield readRow(row);
    },
  };
}

function readRow(row: Record<string, unknown>): Record<string, unknown> {
  for (const name in row) row[name] = readColumn(name, row[name]);
  return row;
}
