import { DeltacatError, type SchemaField } from '@deltacat/contract';
import { DataType } from 'apache-arrow';
import { carrierSql } from '../duckdb/carrier.ts';
import { quoteIdentifier, quotePath, quoteText } from '../duckdb/quote.ts';
import { fieldType } from '../schema/schema.ts';
import {
  FILE_INDEX_COLUMN,
  FILE_ROW_COLUMN,
  type Format,
  type IndexedFile,
  type Relation,
  type ScanInput,
} from './capability.ts';
import { castTextSql } from './text-cast.ts';
import { type Unwrapped, unwrapAll } from './wrapping.ts';

/** JSON, one object per line; read by the fields it was written by, whatever the order of its keys. */
export const jsonFormat: Format = { scan: scanJson };

/** The longest object; DuckDB's own limit of 16 MiB is less than some pictures in base64. */
const OBJECT_BYTES_MAX = 64 * 1024 * 1024;

const COMPRESSIONS: Record<Unwrapped['compression'], string> = { none: 'uncompressed', gzip: 'gzip', zstd: 'zstd' };

async function scanJson(files: IndexedFile[], input: ScanInput): Promise<Relation[]> {
  const { fields } = input;
  const groups = new Map<Unwrapped['compression'], (Unwrapped & { index: number })[]>();
  for (const file of await unwrapAll(files, input)) {
    groups.set(file.compression, [...(groups.get(file.compression) ?? []), file]);
  }
  const columns = fields.map(({ name }) => name);
  return [...groups.values()].map((group) => ({
    sql: groupSql(group, fields),
    columns,
    indexes: group.map(({ index }) => index),
  }));
}

function groupSql(group: (Unwrapped & { index: number })[], fields: SchemaField[]): string {
  const [first] = group;
  if (fields.length === 0 || first === undefined) {
    throw new DeltacatError('not_supported', `${first?.path} is read by the schema of its table, and that has none.`);
  }
  const options = [
    `columns = {${fields.map((field) => `${quoteText(field.name)}: '${readType(field)}'`).join(', ')}}`,
    `format = 'newline_delimited', records = true, auto_detect = false, hive_partitioning = false`,
    `compression = '${COMPRESSIONS[first.compression]}', maximum_object_size = ${OBJECT_BYTES_MAX}`,
  ];
  const indexes = group.map(({ index }) => index).join(', ');
  // As for delimited files: the window numbers the rows in their order.
  return (
    `SELECT ${fields.map(valueSql).join(', ')}, [${indexes}][file_index::BIGINT + 1]::INTEGER AS ${FILE_INDEX_COLUMN}, ` +
    `row_number() OVER () AS ${FILE_ROW_COLUMN} FROM read_json([${group.map(({ path }) => quotePath(path)).join(', ')}], ${options.join(', ')})`
  );
}

/** Flat values are read as their text, because DuckDB would round fractions to integers. */
function readType(field: SchemaField): string {
  const type = fieldType(field);
  return isNested(type) ? carrierSql(type) : 'JSON';
}

function valueSql(field: SchemaField): string {
  const column = quoteIdentifier(field.name);
  if (isNested(fieldType(field))) return column;
  const text = `(${column} ->> '$')`;
  // Bytes in JSON are base64.
  return isBytes(fieldType(field)) ? `from_base64(${text}) AS ${column}` : castTextSql(field, text);
}

function isNested(type: DataType): boolean {
  return (type.children ?? []).length > 0;
}

function isBytes(type: DataType): boolean {
  return DataType.isBinary(type) || DataType.isLargeBinary(type) || DataType.isFixedSizeBinary(type);
}
