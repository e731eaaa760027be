import * as arrow from 'apache-arrow';
import type { RecordBatch as EncodedBatch } from 'parquet-wasm';
import { typeRows } from '../coerce.ts';
import { rowsFrom } from '../columns/gather.ts';
import { gatherRows, type TypedRows } from '../rows.ts';
import { ambientAccess, type StorageAccess } from '../storage/access.ts';
import type { Compression, FileWrite } from './capability.ts';
import { distinctColumns } from './parquet-dictionary.ts';
import { encodeParquet, storedTable, writerProperties } from './parquet-write.ts';

/** Rows of a file to write, such as those of a plan; each call reads the same ones anew. */
export interface FileRows {
  schema: arrow.Schema;
  batches(): AsyncIterable<arrow.RecordBatch>;
}

/** What a written file holds. */
export interface WrittenFile {
  records: number;
  size_bytes: number;
}

/**
 * Writes rows as one Parquet file with their Arrow types, whole and durable, with a few batches in memory at a time. No
 * rows make a file of the columns alone. When reading or writing fails, so does this, and no file is made.
 */
export async function writeParquetFile(
  rows: FileRows,
  path: string,
  access: StorageAccess = ambientAccess,
): Promise<WrittenFile> {
  return storeParquet(rows, { path, access, compression: 'zstd' });
}

/** As {@link writeParquetFile}, compressed as the caller likes. */
export async function storeParquet(rows: FileRows, write: FileWrite): Promise<WrittenFile> {
  const listed = new Set<string>();
  while (true) {
    try {
      return await writeParquetBatches(rows, write, listed);
    } catch (error) {
      if (!(error instanceof TypeChange) || listed.has(error.column)) throw error;
      listed.add(error.column);
    }
  }
}

/** Some rows must be stored by another type than earlier ones: lists of a fixed size, of which the first are not null. */
class TypeChange extends Error {
  readonly column: string;

  constructor(column: string) {
    super(`The rows of column "${column}" cannot be stored by one type.`);
    this.column = column;
  }
}

/**
 * As {@link writeParquetFile}, reading the rows once. Of the columns named all lists of a fixed size are stored as lists: those of
 * which some may be null must be named.
 */
export async function writeParquetBatches(
  rows: FileRows,
  { path, access, compression }: FileWrite,
  listed: ReadonlySet<string>,
): Promise<WrittenFile> {
  const written: WrittenFile = { records: 0, size_bytes: 0 };
  async function* tables(): AsyncGenerator<arrow.Table> {
    for await (const table of storedTables(rows, listed)) {
      yield table;
      written.records += table.numRows;
    }
  }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const part of encode(tables(), rows.schema, compression ?? 'zstd')) {
      yield part;
      written.size_bytes += part.byteLength;
    }
  }
  await access.open(path).writeNew(path, bytes());
  return written;
}

async function* storedTables({ schema, batches }: FileRows, listed: ReadonlySet<string>): AsyncGenerator<arrow.Table> {
  let first: arrow.Table | null = null;
  for await (const batch of batches()) {
    if (batch.numRows === 0) continue;
    const table = storedTable(gatherAll(new arrow.Table(schema, [batch])), listed);
    first ??= table;
    requireSameTypes(table.schema, first.schema);
    yield table;
  }
}

function gatherAll(table: arrow.Table): TypedRows {
  return gatherRows(typeRows(table), rowsFrom(0, table.numRows));
}

function requireSameTypes({ fields }: arrow.Schema, first: arrow.Schema): void {
  for (const [index, { name, type }] of fields.entries()) {
    if (String(type) !== String(first.fields[index]?.type)) throw new TypeChange(name);
  }
}

async function* encode(
  tables: AsyncGenerator<arrow.Table>,
  schema: arrow.Schema,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  const { done, value } = await tables.next();
  // The encoder of streams does not survive one without batches.
  if (done) yield await encodeParquet(gatherAll(new arrow.Table(schema)), compression);
  else yield* encodeStream(value, tables, compression);
}

async function* encodeStream(
  first: arrow.Table,
  others: AsyncGenerator<arrow.Table>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  const { transformParquetStream } = await import('parquet-wasm');
  const source = new BatchSource(first, others);
  // As in the first batch, so in the others.
  const properties = await writerProperties(compression, distinctColumns(typeRows(first)));
  const encoded = await startEncoding(() => transformParquetStream(source.stream(), properties), source);
  try {
    yield* encoded.values({ preventCancel: true });
  } finally {
    // The encoder does not stop when it is told to, only when there are no more batches.
    source.stop();
    await encoded.pipeTo(new WritableStream());
  }
  source.requireEnd();
}

/** The encoder does not say why it has not got a first batch. */
async function startEncoding(
  start: () => Promise<ReadableStream<Uint8Array>>,
  source: BatchSource,
): Promise<ReadableStream<Uint8Array>> {
  try {
    return await start();
  } catch (error) {
    throw source.failure ?? error;
  }
}

/** Batches for the encoder, which would take a failure for their end, and make a file of those before it. */
class BatchSource {
  readonly #first: arrow.Table;
  readonly #others: AsyncGenerator<arrow.Table>;
  #stopped = false;
  #ended = false;
  failure: unknown = null;

  constructor(first: arrow.Table, others: AsyncGenerator<arrow.Table>) {
    this.#first = first;
    this.#others = others;
  }

  stream(): ReadableStream<EncodedBatch> {
    const batches = this.#batches();
    const pull = async (stream: ReadableStreamDefaultController<EncodedBatch>) => {
      const { done, value } = await batches.next();
      if (done) stream.close();
      else stream.enqueue(value);
    };
    return new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  async *#batches(): AsyncGenerator<EncodedBatch> {
    try {
      yield await encodable(this.#first);
      for await (const table of this.#others) {
        if (this.#stopped) return;
        yield await encodable(table);
      }
      this.#ended = true;
    } catch (error) {
      this.failure = error;
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  requireEnd(): void {
    if (this.#ended) return;
    throw this.failure ?? new Error('The Parquet encoder stopped before the last rows.');
  }
}

async function encodable(table: arrow.Table): Promise<EncodedBatch> {
  const { Table } = await import('parquet-wasm');
  using encoded = Table.fromIPCStream(arrow.tableToIPC(table, 'stream'));
  const batch = encoded.recordBatch(0);
  if (batch === undefined) throw new Error('a table of one batch has a first batch');
  return batch;
}
