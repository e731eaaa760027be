import { DeltacatError, type SchemaField } from '@deltacat/contract';
import { quotePath, quoteText } from '../duckdb/quote.ts';
import {
  FILE_INDEX_COLUMN,
  FILE_ROW_COLUMN,
  type Format,
  type IndexedFile,
  type Relation,
  type ScanInput,
} from './capability.ts';
import { writeDelimited } from './delimited-write.ts';
import { type Dialect, LINE_BYTES_MAX, readBeginning } from './dialect.ts';
import { castTextSql, TEXT_PATH_COLUMN } from './text-cast.ts';
import { unwrapAll } from './wrapping.ts';

/** A delimited format: it has no schema of its own, so it is read by the fields that it was written by. */
export function delimitedFormat(dialect: Dialect): Format {
  return {
    extension: dialect.extension,
    scan: (files, input) => scanDelimited(dialect, files, input),
    write: (rows, write) => writeDelimited(dialect, rows, write),
  };
}

interface Group {
  header: boolean;
  /** How lines end, where that is known: then line ends of other kinds may stand within quotes. */
  newline: string | null;
  paths: string[];
  indexes: number[];
}

async function scanDelimited(dialect: Dialect, files: IndexedFile[], input: ScanInput): Promise<Relation[]> {
  const { fields } = input;
  const groups = new Map<string, Group>();
  for (const { path, head, index } of await unwrapAll(files, input)) {
    const { fields: names, newline } = readBeginning(new TextDecoder().decode(head), dialect);
    const header = isHeader(names, fields);
    const key = JSON.stringify([header, newline]);
    const group = groups.get(key) ?? { header, newline, paths: [], indexes: [] };
    group.paths.push(path);
    group.indexes.push(index);
    groups.set(key, group);
  }
  const columns = fields.map(({ name }) => name);
  return [...groups.values()].map((group) => ({
    sql: groupSql(group, dialect, fields),
    columns,
    indexes: group.indexes,
  }));
}

function groupSql(group: Group, dialect: Dialect, fields: SchemaField[]): string {
  const { header, newline, paths, indexes } = group;
  if (fields.length === 0) {
    throw new DeltacatError('not_supported', `${paths[0]} has no column names of its own and its table has no schema.`);
  }
  // Names of our own: DuckDB has columns, such as file_index, that those of a table would hide.
  const columns = fields.map((_, index) => `${columnName(index)}: 'VARCHAR'`);
  const options = [
    `columns = {${columns.join(', ')}}, filename = '${TEXT_PATH_COLUMN}'`,
    `delim = ${quoteText(dialect.delimiter)}, quote = ${quoteText(dialect.quote)}, escape = ${quoteText(dialect.quote)}`,
    `header = ${header}, auto_detect = false, hive_partitioning = false, compression = 'none'`,
    // An empty field is null, a quoted empty one is the empty text.
    // By itself DuckDB takes 16 times the longest line for its buffer, 1 GiB.
    `nullstr = '', allow_quoted_nulls = false, max_line_size = ${LINE_BYTES_MAX}, buffer_size = ${LINE_BYTES_MAX}`,
    ...(newline === null ? [] : [`new_line = '${JSON.stringify(newline).slice(1, -1)}'`]),
  ];
  const values = fields.map((field, index) => castTextSql(field, columnName(index)));
  // The window runs over the file's rows in their order, in one thread: the numbers rise along each file.
  return (
    `SELECT ${values.join(', ')}, [${indexes.join(', ')}][file_index::BIGINT + 1]::INTEGER AS ${FILE_INDEX_COLUMN}, ` +
    `row_number() OVER () AS ${FILE_ROW_COLUMN} FROM read_csv([${paths.map(quotePath).join(', ')}], ${options.join(', ')})`
  );
}

function columnName(index: number): string {
  return `__deltacat_text_${index}`;
}

/** A first line that holds the column names in their order is a header, and no row. */
function isHeader(names: string[], fields: SchemaField[]): boolean {
  return names.length === fields.length && fields.every(({ name }, index) => names[index] === name);
}
