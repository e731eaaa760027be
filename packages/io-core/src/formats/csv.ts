import { DeltacatError, type SchemaField } from '@deltacat/contract';
import { quoteIdentifier, quotePath, quoteText } from '../duckdb/quote.ts';
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

/** How a delimited format separates and quotes its fields. */
export interface Dialect {
  delimiter: string;
  /** Empty where the format has no quotes. */
  quote: string;
}

/** A delimited format: it has no schema of its own, so it is read by the fields that it was written by. */
export function delimitedFormat(dialect: Dialect): Format {
  return { scan: (files, input) => scanDelimited(dialect, files, input) };
}

interface Group {
  compression: Unwrapped['compression'];
  header: boolean;
  paths: string[];
  indexes: number[];
}

/** The longest line DuckDB accepts; its own limit of 2 MiB is less than one picture in base64. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;

async function scanDelimited(dialect: Dialect, files: IndexedFile[], input: ScanInput): Promise<Relation[]> {
  const { fields } = input;
  const groups = new Map<string, Group>();
  for (const { path, compression, head, index } of await unwrapAll(files, input)) {
    const header = hasHeader(head, dialect, fields);
    const key = `${compression} ${header}`;
    const group = groups.get(key) ?? { compression, header, paths: [], indexes: [] };
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

function groupSql({ compression, header, paths, indexes }: Group, dialect: Dialect, fields: SchemaField[]): string {
  if (fields.length === 0) {
    throw new DeltacatError('not_supported', `${paths[0]} has no column names of its own and its table has no schema.`);
  }
  const columns = fields.map(({ name }) => `${quoteText(name)}: 'VARCHAR'`);
  const options = [
    `columns = {${columns.join(', ')}}`,
    `delim = ${quoteText(dialect.delimiter)}, quote = ${quoteText(dialect.quote)}, escape = ${quoteText(dialect.quote)}`,
    `header = ${header}, auto_detect = false, hive_partitioning = false, compression = '${compression}'`,
    // An empty field is null, a quoted empty one is the empty text.
    // By itself DuckDB takes 16 times the longest line for its buffer, 1 GiB.
    `nullstr = '', allow_quoted_nulls = false, max_line_size = ${LINE_BYTES_MAX}, buffer_size = ${LINE_BYTES_MAX}`,
  ];
  const literals = paths.map(quotePath);
  // The window runs over the file's rows in their order, in one thread: the numbers rise along each file.
  return (
    `SELECT ${fields.map((field) => castTextSql(field, quoteIdentifier(field.name))).join(', ')}, [${indexes.join(', ')}][file_index::BIGINT + 1]::INTEGER AS ${FILE_INDEX_COLUMN}, ` +
    `row_number() OVER () AS ${FILE_ROW_COLUMN} FROM read_csv([${literals.join(', ')}], ${options.join(', ')})`
  );
}

/** A first line that holds the column names in their order is a header, and no row. */
function hasHeader(head: Uint8Array, dialect: Dialect, fields: SchemaField[]): boolean {
  const names = firstRecord(new TextDecoder().decode(head), dialect);
  return names.length === fields.length && fields.every(({ name }, index) => names[index] === name);
}

function firstRecord(text: string, { delimiter, quote }: Dialect): string[] {
  const values: string[] = [];
  let value = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (quote !== '' && char === quote) {
      if (quoted && text[at + 1] === quote) {
        value += quote;
        at += 1;
      } else quoted = !quoted;
    } else if (quoted) value += char;
    else if (char === delimiter) {
      values.push(value);
      value = '';
    } else if (char === '\n' || char === '\r') break;
    else value += char;
  }
  values.push(value);
  return values;
}
