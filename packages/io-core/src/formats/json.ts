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
import { writeJson } from './json-write.ts';
import { castTextSql, TEXT_PATH_COLUMN } from './text-cast.ts';
import { unwrapAll } from './wrapping.ts';

/** JSON, one object per line; read by the fields it was written by, whatever the order of its keys. */
export const jsonFormat: Format = { extension: '.json.gz', scan: scanJson, write: writeJson };

/** The longest object; DuckDB's own limit of 16 MiB is less than some pictures in base64. */
const OBJECT_BYTES_MAX = 64 * 1024 * 1024;

async function scanJson(files: IndexedFile[], input: ScanInput): Promise<Relation[]> {
  const { fields } = input;
  const [first] = files;
  if (fields.length === 0) {
    throw new DeltacatError(
      'not_supported',
      `${first?.file.path} is read by the schema of its table, and that has none.`,
    );
  }
  const opened = await unwrapAll(files, input);
  const columns = fields.map(({ name }) => name);
  return [{ sql: linesSql(opened, fields), columns, indexes: opened.map(({ index }) => index) }];
}

function linesSql(files: { path: string; index: number }[], fields: SchemaField[]): string {
  const paths = files.map(({ path }) => quotePath(path)).join(', ');
  const indexes = files.map(({ index }) => index).join(', ');
  const options = [
    `columns = {${fields.map((field) => `${quoteText(field.name)}: '${readType(fieldType(field))}'`).join(', ')}}`,
    `format = 'newline_delimited', records = true, auto_detect = false, hive_partitioning = false`,
    `compression = 'uncompressed', maximum_object_size = ${OBJECT_BYTES_MAX}, filename = '${TEXT_PATH_COLUMN}'`,
  ];
  // A column of that name hides DuckDB's, which takes no search.
  const isHidden = fields.some(({ name }) => name.toLowerCase() === 'file_index');
  const place = isHidden
    ? `list_position([${files.map(({ path }) => quoteText(path)).join(', ')}], ${TEXT_PATH_COLUMN})`
    : 'file_index::BIGINT + 1';
  // As for delimited files: the window numbers the rows in their order.
  return (
    `SELECT ${fields.map(valueSql).join(', ')}, [${indexes}][${place}]::INTEGER AS ${FILE_INDEX_COLUMN}, ` +
    `row_number() OVER () AS ${FILE_ROW_COLUMN} FROM read_json([${paths}], ${options.join(', ')})`
  );
}

/** Flat values are read as their text, because DuckDB would round fractions to integers. */
function readType(type: DataType): string {
  // The official clients write maps as lists of entries.
  if (DataType.isMap(type)) return `${carrierSql(type.children[0]?.type ?? type)}[]`;
  return isNested(type) ? carrierSql(type) : 'JSON';
}

function valueSql(field: SchemaField): string {
  const column = quoteIdentifier(field.name);
  const type = fieldType(field);
  if (DataType.isMap(type)) return `map_from_entries(${column}) AS ${column}`;
  if (isNested(type)) return column;
  const text = `(${column} ->> '$')`;
  // Bytes in JSON are base64.
  return isBytes(type) ? `from_base64(${text}) AS ${column}` : castTextSql(field, text);
}

function isNested(type: DataType): boolean {
  return (type.children ?? []).length > 0;
}

function isBytes(type: DataType): boolean {
  return DataType.isBinary(type) || DataType.isLargeBinary(type) || DataType.isFixedSizeBinary(type);
}
