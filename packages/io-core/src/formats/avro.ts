import * as arrow from 'apache-arrow';
import { buildColumn } from '../columns/build.ts';
import type { StorageAccess } from '../storage/access.ts';
import { arrowFields } from './avro-arrow.ts';
import { AvroCursor, type AvroDecoder, avroDecoder, leastBytes, requireRoom } from './avro-decode.ts';
import { type AvroFile, avroBlocks, openAvro } from './avro-file.ts';
import type { AvroField } from './avro-schema.ts';
import { writeAvro } from './avro-write.ts';
import type { Format, Inspection } from './capability.ts';
import { translated } from './damaged.ts';
import type { FileRows } from './parquet-file.ts';
import { readCopies, scanThroughParquet } from './through-parquet.ts';

/**
 * Avro object container files, read by code of our own: the library for it believes what a file says of its lists, and a few
 * crafted bytes make it fill the memory.
 */
export const avroFormat: Format = {
  extension: '.avro',
  inspect: inspectAvro,
  scan: scanThroughParquet(readCopies(({ path }, input) => readAvro(path, input))),
  write: writeAvro,
};

/** Rows are counted by what precedes the blocks; they are not decompressed. */
async function inspectAvro(path: string, access: StorageAccess): Promise<Inspection> {
  const file = await openAvro(path, access);
  let record_count = 0;
  for await (const { count } of avroBlocks(file, 'counts')) record_count += count;
  const schema = new arrow.Schema(arrowFields(path, file.fields));
  return { record_count, size_bytes: file.size_bytes, schema, column_stats: null };
}

/** The rows of an Avro file, some blocks at a time. Every value is decoded, since rows lie one after another, and the wanted kept. */
async function readAvro(
  path: string,
  { access, wanted }: { access: StorageAccess; wanted: ReadonlySet<string> | null },
): Promise<FileRows> {
  const file = await openAvro(path, access);
  const chosen = file.fields.filter(({ name }) => wanted === null || wanted.has(name));
  const kept = new Set(chosen.length > 0 ? chosen : file.fields.slice(0, 1));
  const schema = new arrow.Schema(arrowFields(path, [...kept]));
  return { schema, batches: () => readBatches(file, schema, kept) };
}

/** Small blocks are put together: a batch costs something of its own. */
const BATCH_ROWS = 65_536;
const BATCH_BYTES = 32 * 1024 * 1024;

interface Reader {
  read: AvroDecoder;
  /** The values of a column that is kept. */
  values: unknown[] | null;
}

async function* readBatches(
  file: AvroFile,
  schema: arrow.Schema,
  kept: ReadonlySet<AvroField>,
): AsyncGenerator<arrow.RecordBatch> {
  const readers = file.fields.map(
    (field): Reader => ({
      read: avroDecoder(field.type),
      values: kept.has(field) ? [] : null,
    }),
  );
  const bytes_each = leastBytes({ type: 'record', fields: file.fields });
  let rows = 0;
  let taken = 0;
  for await (const { count, bytes } of avroBlocks(file, 'rows')) {
    const cursor = new AvroCursor(bytes ?? new Uint8Array());
    translated(file.path, () => {
      requireRoom(count, bytes_each, cursor.left);
      for (let row = 0; row < count; row++) for (const { read, values } of readers) keep(values, read(cursor));
      if (cursor.left > 0) throw new RangeError('a block holds more than its rows');
    });
    rows += count;
    taken += cursor.at;
    if (rows < BATCH_ROWS && taken < BATCH_BYTES) continue;
    yield batchOf(file.path, schema, { readers, rows });
    [rows, taken] = [0, 0];
  }
  if (rows > 0) yield batchOf(file.path, schema, { readers, rows });
}

function keep(values: unknown[] | null, value: unknown): void {
  values?.push(value);
}

function batchOf(path: string, schema: arrow.Schema, { readers, rows }: { readers: Reader[]; rows: number }) {
  const kept = readers.filter(({ values }) => values !== null);
  const children = schema.fields.map(({ name, type, nullable }, index) => {
    const values = kept[index]?.values?.splice(0) ?? [];
    const source = { name, type, nullable, length: rows, exact: false, valueAt: (row: number) => values[row] };
    return translated(path, () => buildColumn(source));
  });
  const data = arrow.makeData({ type: new arrow.Struct(schema.fields), length: rows, nullCount: 0, children });
  return new arrow.RecordBatch(schema, data);
}
