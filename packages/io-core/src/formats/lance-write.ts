import { createRequire } from 'node:module';
import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import type { TypedRows } from '../rows.ts';
import { ambientAccess, type StorageAccess } from '../storage/access.ts';
import { Scratch } from '../storage/scratch.ts';
import type { FileWrite, StoredRows } from './capability.ts';
import { loadLance, reasonOf, tableAt } from './lance-library.ts';
import { storedTable } from './parquet-write.ts';

/** The folder of a dataset whose files make the others visible. */
const VERSIONS = '/_versions/';

/**
 * Writes rows as a Lance dataset, which is a folder: made in a scratch folder, and moved file by file into its place, those last
 * that make it one. So it is as durable as other files, and goes to any storage without telling Lance how to reach it.
 */
export async function writeLance(rows: TypedRows, { path, compression, access }: FileWrite): Promise<StoredRows> {
  if (compression !== null) {
    const message = `Lance compresses by itself, not by ${compression}; leave the compression out.`;
    throw new DeltacatError('not_supported', message, { compression });
  }
  for (const { field } of rows.columns) if (holdsMap(field.type)) throw mapRefused(field);
  await using scratch = new Scratch();
  const made = await scratch.path('.lance');
  await makeDataset(made, rows);
  const files = await Array.fromAsync(ambientAccess.open(made).list(made));
  const isLast = (file: string) => Number(file.includes(VERSIONS));
  try {
    for (const file of files.toSorted((a, b) => isLast(a.path) - isLast(b.path))) {
      const place = `${path}${file.path.slice(made.length)}`;
      await access.open(place).adopt(file.path, place);
    }
  } catch (error) {
    await removeLance(path, access);
    throw error;
  }
  const content_length = files.reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  return { content_length, source_content_length: content_length, content_encoding: 'identity' };
}

/** Lance has maps in a version of its files that its readers do not write by default yet. */
function holdsMap(type: arrow.DataType): boolean {
  const children: arrow.Field[] = type.children ?? [];
  return arrow.DataType.isMap(type) || children.some((child) => holdsMap(child.type));
}

function mapRefused({ name, type }: arrow.Field): DeltacatError {
  const message = `Column "${name}" is of type ${type}, which Lance cannot hold; write Parquet, or leave the column out.`;
  return new DeltacatError('not_supported', message, { column: name });
}

/** Removes a dataset: first what makes its files visible. */
export async function removeLance(path: string, access: StorageAccess): Promise<void> {
  const storage = access.open(path);
  for await (const file of storage.list(`${path}/_versions`)) await storage.remove(file.path);
  for await (const file of storage.list(path)) await storage.remove(file.path);
}

async function makeDataset(path: string, rows: TypedRows): Promise<void> {
  const lance = await loadLance();
  const { folder, name } = tableAt(path);
  const connection = await lance.connect(folder);
  try {
    const table = await connection.createTable(name, lanceTable(storedTable(rows)));
    table.close();
  } catch (error) {
    throw unwritable(error);
  } finally {
    connection.close();
  }
}

type OtherArrow = typeof import('apache-arrow');

/** The rows by the build of apache-arrow that Lance has, whose classes are not those of ours. */
function lanceTable(table: arrow.Table): arrow.Table {
  const other: OtherArrow = createRequire(import.meta.url)('apache-arrow');
  const same = other.tableFromIPC(arrow.tableToIPC(table, 'stream'));
  for (const batch of same.batches) keepBits(other, batch.data.children);
  return same;
}

/** As `storedColumn` does: booleans that are all null would be written without their bits. */
function keepBits(other: OtherArrow, columns: arrow.Data[]): void {
  for (const [index, { type, length, nullCount, nullBitmap, children }] of columns.entries()) {
    if (other.DataType.isBool(type) && length > 0 && nullCount === length) {
      const zeros = { type: new other.Int8(), length, nullCount, nullBitmap, data: new Int8Array(length) };
      columns[index] = other.makeData(zeros);
    } else keepBits(other, children);
  }
}

function unwritable(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const message = `Lance cannot hold these rows: ${reasonOf(error)}. Write Parquet, or leave the column out.`;
  return new DeltacatError('not_supported', message, { cause: error });
}
