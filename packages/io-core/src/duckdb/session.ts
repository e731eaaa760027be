import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { DeltacatError } from '@deltacat/contract';
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBType } from '@duckdb/node-api';
import { configureFileCache } from '../storage/file-cache.ts';
import { withOrigins } from '../storage/scratch.ts';
import { engineMemoryMb, engineThreads, type RowMemory, RowsAllowance, sortBytesMax } from './memory.ts';

/** What reading may use of the machine. */
export interface EngineSettings {
  /**
   * The most memory that the process may take while it reads, all reads together and the process itself included. What is more
   * goes to the temporary directory. 1024 by default, or half of the machine.
   */
  memory_limit_mb?: number | undefined;
  /** An existing folder, in which each engine makes one of its own for what does not fit into memory. */
  temp_directory?: string;
  threads?: number;
  /**
   * The most disk that copies of remote files may take, beyond those in use. Default 4096, or half of what is free where
   * that is less.
   */
  cache_mb?: number | undefined;
  /** The folder in which they are kept, each process in one of its own. Default: that of the system for temporary files. */
  cache_directory?: string | undefined;
}

const MEMORY_DEFAULT_MB = 1024;

const SCHEMA_MISMATCH = 'deltacat: schema mismatch: ';

/** What DuckDB says where it cannot put more aside: its own limit of temporary files, or the disk's. */
const DISK_FULL = /No space left on device|max_temp_directory_size|failed to offload/;

let settings: EngineSettings = {};
let engine: Promise<Engine> | null = null;
let engines = 0;

/** A DuckDB, and what the rows that it gives may take beside it. */
interface Engine {
  instance: DuckDBInstance;
  rows: RowsAllowance;
  sort_bytes_max: number;
}

/** Sets what reading may use. To be called before the first read: the engine is made once per process, by the first. */
export function configureEngine(wanted: EngineSettings): void {
  if (engine !== null) {
    throw new DeltacatError('invalid_request', 'DuckDB is running already; configure it before the first read.');
  }
  settings = { ...wanted };
  configureFileCache({ limit_mb: wanted.cache_mb, folder: wanted.cache_directory });
}

/** Ends the engine of this process, so that its memory and its temporary files are given back. The next read makes another. */
export async function closeEngine(): Promise<void> {
  const closing = engine;
  engine = null;
  (await closing)?.instance.closeSync();
}

/** The SQL expression that fails a query with `schema_mismatch` and the message that `text`, an SQL expression, gives. */
export function mismatchSql(text: string): string {
  return `error('${SCHEMA_MISMATCH}' || ${text})`;
}

/** How a session is opened. */
export interface SessionOptions {
  /** A limit of this session alone, as if it were all that the process reads. It costs an engine of its own, 20 ms. */
  memory_limit_mb?: number | undefined;
  /** Stops the running query when it is aborted. */
  signal?: AbortSignal | undefined;
}

interface SessionParts {
  engine: Engine;
  /** Whether the engine ends with the session. */
  owned?: boolean;
  /** Whether the connection belongs to somebody else, who closes it. */
  borrowed?: boolean;
  signal: AbortSignal | undefined;
}

/**
 * One conversation with DuckDB: its variables and temporary tables live as long as it does. Whoever opens a session
 * disposes of it; that also ends a query whose rows are no longer wanted.
 */
export class Session implements Disposable {
  readonly #connection: DuckDBConnection;
  readonly #engine: Engine;
  readonly #owned: boolean;
  readonly #borrowed: boolean;
  readonly #memory: RowMemory;
  readonly #signal: AbortSignal | undefined;
  readonly #interrupt: () => void;

  constructor(connection: DuckDBConnection, { engine, owned = false, borrowed = false, signal }: SessionParts) {
    this.#connection = connection;
    this.#engine = engine;
    this.#owned = owned;
    this.#borrowed = borrowed;
    this.#memory = engine.rows.take();
    this.#signal = signal;
    this.#interrupt = () => connection.interrupt();
    signal?.addEventListener('abort', this.#interrupt);
  }

  /** How many MiB of rows DuckDB may have waiting to be fetched. */
  get buffer_mb(): number {
    return this.#memory.mb;
  }

  /** How many bytes of rows may be put together before they are handed out. */
  get batch_bytes_max(): number {
    return (this.#memory.mb * 2 ** 20) / 2;
  }

  /** How many bytes of rows may be sorted at a time. */
  get sort_bytes_max(): number {
    return this.#engine.sort_bytes_max;
  }

  /** Runs a statement and answers its rows, as plain values: for small results. */
  async rows(sql: string): Promise<unknown[][]> {
    return this.#guarded(async () => (await this.#connection.runAndReadAll(sql)).getRowsJS());
  }

  /** The columns that a query will give; null for a statement that is no query. */
  async describe(sql: string): Promise<{ name: string; type: DuckDBType }[] | null> {
    const { StatementType } = await import('@duckdb/node-api');
    this.#signal?.throwIfAborted();
    // What is wrong here is the query, and no file.
    const prepared = await this.#connection.prepare(sql);
    try {
      if (prepared.statementType !== StatementType.SELECT) return null;
      return Array.from({ length: prepared.columnCount }, (_, index) => ({
        name: prepared.columnName(index),
        type: prepared.columnType(index),
      }));
    } finally {
      prepared.destroySync();
    }
  }

  /** Runs a query and hands out its chunks, at most 2,048 rows each, as they come: one is fetched while one is used. */
  async *chunks(sql: string): AsyncGenerator<DuckDBDataChunk> {
    const result = await this.#guarded(() => this.#connection.stream(sql));
    const fetch = () => this.#guarded(() => result.fetchChunk());
    let next = fetch();
    try {
      for (;;) {
        const chunk = await next;
        if (chunk === null || chunk.rowCount === 0) return;
        next = fetch();
        // It may fail while the chunk is in use; it is awaited after.
        next.catch(() => null);
        yield chunk;
      }
    } finally {
      // Where the reader gives up, the chunk on its way is waited for: the connection must not close under it.
      await next.catch(() => null);
    }
  }

  /** Removes what was made in a connection that stays open, aborted or not; one of its own is closed anyway. */
  async undo(sql: string): Promise<void> {
    if (this.#borrowed) await this.#connection.run(sql);
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener('abort', this.#interrupt);
    this.#memory[Symbol.dispose]();
    if (this.#borrowed) return;
    this.#connection.closeSync();
    if (this.#owned) this.#engine.instance.closeSync();
  }

  async #guarded<T>(act: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw translate(error);
    }
  }
}

/** Opens a session on the engine of this process, which the first one makes. */
export async function openSession(options: SessionOptions = {}): Promise<Session> {
  const { memory_limit_mb, signal } = options;
  const owned = memory_limit_mb !== undefined;
  const opened = await (owned ? createEngine({ ...settings, memory_limit_mb }) : sharedEngine());
  const connection = await opened.instance.connect();
  const session = new Session(connection, { engine: opened, owned, signal });
  try {
    // Rows come out as fast as they are read only when a few row groups may wait: 2x faster than DuckDB's 1 MB, measured.
    await session.rows(`SET TimeZone = 'UTC'; SET streaming_buffer_size = '${session.buffer_mb}MiB'`);
    return session;
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}

/** A session on a connection of somebody else, which stays open. Its time zone becomes UTC, by which times are read. */
export async function borrowSession(connection: DuckDBConnection, signal?: AbortSignal | undefined): Promise<Session> {
  const session = new Session(connection, { engine: await sharedEngine(), borrowed: true, signal });
  try {
    await session.rows(`SET TimeZone = 'UTC'`);
    return session;
  } catch (error) {
    session[Symbol.dispose]();
    throw error;
  }
}

function sharedEngine(): Promise<Engine> {
  engine ??= createEngine(settings).catch((error: unknown) => {
    engine = null;
    throw error;
  });
  return engine;
}

async function createEngine({ memory_limit_mb, temp_directory, threads }: EngineSettings): Promise<Engine> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const limit_mb = memory_limit_mb ?? Math.min(MEMORY_DEFAULT_MB, Math.floor(totalmem() / 2 / 2 ** 20));
  if (!(limit_mb > 0))
    throw new DeltacatError('invalid_request', `A memory limit of ${limit_mb} MiB cannot be kept to.`);
  const engine_mb = engineMemoryMb(limit_mb);
  const instance = await DuckDBInstance.create(':memory:', {
    // Nothing is fetched from the network behind the user's back.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    memory_limit: `${engine_mb}MiB`,
    temp_directory: ownFolder(temp_directory ?? tmpdir()),
    threads: String(threads ?? engineThreads(engine_mb, availableParallelism())),
    // The order of rows is part of what a read promises.
    preserve_insertion_order: 'true',
  });
  return { instance, rows: new RowsAllowance(limit_mb), sort_bytes_max: sortBytesMax(engine_mb) };
}

/** Engines name their temporary files alike: two in one folder write over each other's, and the process dies of it. */
function ownFolder(folder: string): string {
  engines += 1;
  return join(folder, `deltacat-duckdb-${process.pid}-${threadId}-${engines}`);
}

function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const text = withOrigins(error.message);
  const at = text.indexOf(SCHEMA_MISMATCH);
  if (at >= 0) {
    return new DeltacatError('schema_mismatch', text.slice(at + SCHEMA_MISMATCH.length), { cause: error });
  }
  if (/^(Conversion|Mismatch Type) Error|Unimplemented type for cast|Cannot cast/.test(error.message)) {
    const message = `A file does not fit the schema of its table: ${text}`;
    return new DeltacatError('schema_mismatch', message, { cause: error });
  }
  if (DISK_FULL.test(error.message)) {
    const message = `The disk of DuckDB's temporary folder is full; free some, or raise the memory limit. ${firstLine(error)}`;
    return new DeltacatError('service_unavailable', message, { cause: error });
  }
  if (error.message.startsWith('Out of Memory Error')) {
    const message = `The memory limit is too small for this read; raise it, or read fewer tables at a time. ${firstLine(error)}`;
    return new DeltacatError('service_unavailable', message, { cause: error });
  }
  return unreadable(text, error) ?? error;
}

/** How DuckDB says that a file is not what it was opened as. */
const UNREADABLE =
  /^(Invalid|Invalid Input|Serialization|Out of Range|TransactionContext) Error|^IO Error: (Failed|Could not|Invalid|Corrupt)/;
/** How it names the file. */
const PATHS = [/file = (.+)/, /[Ff]ile "([^"]+)"/, /[Ff]ile '([^']+)'/];
/** After this it tells how to go on reading, with values lost. */
const ADVICE = /\n(Possible|Try setting|\s+file =)[\s\S]*/;
const REASON_CHARACTERS = 300;

function unreadable(text: string, cause: Error): DeltacatError | null {
  if (!UNREADABLE.test(text)) return null;
  const path = PATHS.map((pattern) => pattern.exec(text)?.[1]).find((found) => found !== undefined);
  const reason = text
    .replace(ADVICE, '')
    .replace(/^[\w ]+ Error: /, '')
    .slice(0, REASON_CHARACTERS);
  const message = `${path ?? 'A file'} is damaged, or of another format than its entry says: ${reason}`;
  return new DeltacatError('invalid_entry', message, { ...(path !== undefined && { path }), cause });
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0] ?? '';
}
