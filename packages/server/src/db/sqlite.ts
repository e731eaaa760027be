import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import {
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  sql,
} from 'kysely';
import { machineTime } from './clock.ts';
import { readRow, writeColumn } from './columns.ts';
import type { Database, Queries, StoreOptions, StoreSnapshot } from './database.ts';
import { explainFolder, makeFolder } from './folder.ts';
import { holdFolder } from './lock.ts';
import { type MigrationDialect, type MigrationStatus, migrate, migrationStatus, UNMIGRATED } from './migrate.ts';
import { listDamages } from './sqlite-damages.ts';
import type { Tables } from './tables.ts';
import { type GroupTransaction, UnitQueue } from './units.ts';

/** The file of the store in its folder. */
export const FILE = 'catalog.db';

/** How many compiled statements one connection keeps. The server issues fewer than two hundred distinct texts. */
const STATEMENTS_MAX = 500;

/** How long a statement waits for another process that joined the folder. */
const BUSY_TIMEOUT_MS = 10_000;

const DIALECT: MigrationDialect = {
  adapt: (statement) => statement.replaceAll('{id}', 'integer primary key autoincrement'),
  lock: null,
};

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

/** The store in a folder as it is told. */
export function sqliteName(folder: string): string {
  return `SQLite in ${folder}`;
}

/** Which migrations the store in a folder has; changes nothing, and a server may hold the folder. */
export async function sqliteStatus(folder: string): Promise<MigrationStatus> {
  const file = join(folder, FILE);
  if (!existsSync(file)) return UNMIGRATED;
  const queries = kyselyOn(new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS }));
  try {
    const found = await sql`select name from sqlite_master where name = 'migrations'`.execute(queries);
    return found.rows.length > 0 ? await migrationStatus(queries) : UNMIGRATED;
  } finally {
    await queries.destroy();
  }
}

/**
 * One state of the store in a folder. Whoever serves it goes on meanwhile: only its log of changes grows until the state
 * is let go. Throws when the folder has no store.
 */
export async function sqliteSnapshot(folder: string): Promise<StoreSnapshot> {
  const file = join(folder, FILE);
  if (!existsSync(file)) throw new Error(`There is no store in ${folder}. Name the --catalog-root of a server.`);
  const connection = new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  connection.exec('PRAGMA cache_size = -65536; BEGIN');
  // The state is that of the first read.
  connection.prepare('select count(*) from sqlite_master').get();
  return {
    queries: kyselyOn(connection),
    damages: async () => listDamages(connection),
    close: async () => connection.close(),
  };
}

async function openIn(folder: string, nowNs: () => bigint): Promise<Database> {
  const release = holdFolder(folder);
  const opened: DatabaseSync[] = [];
  try {
    const file = join(folder, FILE);
    const open = () => {
      const connection = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
      opened.push(connection);
      return configured(connection);
    };
    const writer = open();
    const queries = kyselyOn(writer);
    const migrated = await migrate(queries, DIALECT);
    const reader = open();
    reader.exec('PRAGMA query_only = 1');
    return database({ writer, queries, reader: kyselyOn(reader), nowNs, release, folder, migrated });
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
  folder: string;
  migrated: string[];
}

function database({ writer, queries, reader, nowNs, release, folder, migrated }: Parts): Database {
  const transaction: GroupTransaction = {
    queries,
    nowNs,
    savepoint: () => writer.exec('SAVEPOINT unit'),
    release: () => writer.exec('RELEASE unit'),
    // Statements of many rows end with the error of a full disk alone; others take the whole transaction with them.
    undo: () => writer.exec('ROLLBACK TO unit; RELEASE unit'),
    commit: () => writer.exec('COMMIT'),
    abandon() {
      // A failed COMMIT may have rolled back by itself.
      if (writer.isTransaction) writer.exec('ROLLBACK');
    },
  };
  const units = new UnitQueue(() => {
    writer.exec('BEGIN IMMEDIATE');
    return transaction;
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
    name: sqliteName(folder),
    migrated,
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
export function kyselyOn(connection: DatabaseSync): Kysely<Tables> {
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
