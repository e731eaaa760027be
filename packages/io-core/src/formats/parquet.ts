import type { DataFile } from '@deltacat/contract';
import { quoteIdentifier, quotePath, quoteText } from '../duckdb/quote.ts';
import { localPathOf } from '../storage/local-copy.ts';
import {
  FILE_INDEX_COLUMN,
  FILE_ROW_COLUMN,
  type Format,
  type IndexedFile,
  type Relation,
  type ScanInput,
} from './capability.ts';
import { requireNames } from './column-names.ts';
import { type ParquetElement, readParquetFooter } from './parquet-footer.ts';
import { inspectParquet } from './parquet-inspect.ts';
import { parquetParts } from './parquet-parts.ts';
import { writeParquet } from './parquet-write.ts';

/** Parquet: written by us, inspected by its footer, scanned by DuckDB where it lies. */
export const parquetFormat: Format = {
  extension: '.parquet',
  tells_columns: true,
  inspect: inspectParquet,
  scan: scanParquet,
  write: writeParquet,
};

/** How many footers are read at once; more only queue for the four threads of Node's file access. */
const FOOTERS_AT_ONCE = 16;

interface Layout {
  columns: string[];
  paths: string[];
  indexes: number[];
}

/** The relations of Parquet files: one for each layout of columns among them. */
export async function scanParquet(files: IndexedFile[], input: ScanInput): Promise<Relation[]> {
  const layouts = new Map<string, Layout>();
  for (let at = 0; at < files.length; at += FOOTERS_AT_ONCE) {
    const some = files.slice(at, at + FOOTERS_AT_ONCE);
    const found = await Promise.all(some.map(({ file }) => openParquet(file, input)));
    for (const [place, { path, elements }] of found.entries()) {
      const index = some[place]?.index ?? 0;
      const key = layoutKey(elements);
      const layout = layouts.get(key);
      if (layout === undefined) {
        layouts.set(key, { columns: elements.map(({ name }) => name), paths: [path], indexes: [index] });
      } else {
        layout.paths.push(path);
        layout.indexes.push(index);
      }
    }
  }
  return [...layouts.values()].map((layout) => ({ ...layout, sql: layoutSql(layout) }));
}

async function openParquet(
  { path }: DataFile,
  { access, scratch, wanted }: ScanInput,
): Promise<{ path: string; elements: ParquetElement[] }> {
  const storage = access.open(path);
  const footer = await readParquetFooter(path, access);
  const { elements, size_bytes, tail } = footer;
  requireNames(path, elements);
  const known = {
    file: {
      size_bytes,
      version: tail.version,
      known: { offset: size_bytes - tail.bytes.byteLength, bytes: tail.bytes },
    },
    parts: parquetParts(footer, wanted) ?? [{ offset: 0, end: size_bytes }],
  };
  return { path: await localPathOf({ path, storage, scratch, extension: '.parquet', known }), elements };
}

/** Files whose columns have the same names and types in the same order are read by one call. */
function layoutKey(elements: ParquetElement[]): string {
  return JSON.stringify(elements);
}

function layoutSql(layout: Layout): string {
  // Folders such as "day=3" are no columns here: every column is in the file.
  const source = `read_parquet([${layout.paths.map(quotePath).join(', ')}], hive_partitioning = false)`;
  const names = layout.columns.map((name) => name.toLowerCase());
  if (names.includes('file_index') || names.includes('file_row_number') || names.includes('filename')) {
    return layoutSqlByName(layout);
  }
  return (
    `SELECT ${layout.columns
      .map(quoteIdentifier)
      .map((name) => `${name}, `)
      .join('')}` +
    `${indexSql(layout.indexes)}::INTEGER AS ${FILE_INDEX_COLUMN}, file_row_number AS ${FILE_ROW_COLUMN} FROM ${source}`
  );
}

/** DuckDB's number of the file within the call, turned into its index in the scan. */
function indexSql(indexes: number[]): string {
  const [first = 0] = indexes;
  if (indexes.every((index, place) => index === first + place)) return `(file_index + ${first})`;
  return `[${indexes.join(', ')}][file_index::BIGINT + 1]`;
}

/** Columns named like DuckDB's own hide those, so the file is told by its name and rows are counted as they come. */
function layoutSqlByName(layout: Layout): string {
  const distinct = [...new Set(layout.paths)];
  const rows = layout.paths.map((path, place) => `(${quoteText(path)}, ${layout.indexes[place]})`);
  const name = '__deltacat_filename';
  return (
    `SELECT f.* EXCLUDE (${name}), i.place::INTEGER AS ${FILE_INDEX_COLUMN} FROM (` +
    `SELECT *, row_number() OVER () - 1 AS ${FILE_ROW_COLUMN} FROM read_parquet(` +
    `[${distinct.map(quotePath).join(', ')}], filename = '${name}', hive_partitioning = false)) f ` +
    `JOIN (VALUES ${rows.join(', ')}) i(path, place) ON f.${name} = i.path`
  );
}
