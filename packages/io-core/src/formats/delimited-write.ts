import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { readColumn } from '../columns/read.ts';
import type { TypedColumn, TypedRows } from '../rows.ts';
import type { FileWrite, StoredRows } from './capability.ts';
import { type Dialect, LINE_BYTES_MAX } from './dialect.ts';
import { valueText } from './text-value.ts';
import { writeLines } from './text-write.ts';

/**
 * Writes rows as a delimited file in the shape that the official clients write and read: no header, texts quoted, null an empty
 * field. Throws `not_supported`, before anything is written, for columns of types that the format does not hold, and
 * `schema_mismatch` for single values that it cannot tell from others.
 */
export async function writeDelimited(dialect: Dialect, rows: TypedRows, write: FileWrite): Promise<StoredRows> {
  const columns = rows.columns.map((column) => delimitedColumn(dialect, column, rows.columns.length === 1));
  return writeLines(lines(dialect, columns, rows.row_count), write);
}

interface DelimitedColumn {
  name: string;
  /** A row's field as it stands in the file. */
  field: (row: number) => string;
  /** A row's field as a reader finds it. */
  text: (row: number) => string;
}

function delimitedColumn(dialect: Dialect, { field, chunks }: TypedColumn, isOnly: boolean): DelimitedColumn {
  const { name, type } = field;
  const isNull = arrow.DataType.isNull(type);
  const textOf = isNull ? String : valueText(name, type);
  if (textOf === null) throw unwritable(name, type);
  const read = readColumn(new arrow.Vector(chunks));
  const quoted = quote(dialect, { name, isText: isTextType(type) });
  // A line without anything in it is no row to most readers.
  const absent = isOnly ? onlyNull(dialect, { name, isText: isTextType(type) }) : () => '';
  const text = (row: number) => {
    const value = read(row) ?? null;
    return value === null ? '' : textOf(value);
  };
  return { name, text, field: (row) => ((read(row) ?? null) === null ? absent() : quoted(text(row))) };
}

function isTextType(type: arrow.DataType): boolean {
  if (arrow.DataType.isDictionary(type)) return isTextType(type.dictionary);
  return arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type);
}

function unwritable(column: string, type: arrow.DataType): DeltacatError {
  return new DeltacatError(
    'not_supported',
    `Column "${column}" is of type ${type}, which delimited text cannot hold; write Parquet, or leave the column out.`,
    { column },
  );
}

interface Quoting {
  name: string;
  isText: boolean;
}

function quote({ quote: mark, delimiter }: Dialect, { name, isText }: Quoting): (text: string) => string {
  if (!isText) return (text) => text;
  if (mark !== '') return (text) => `${mark}${text.replaceAll(mark, mark + mark)}${mark}`;
  return (text) => {
    if (text === '') throw untold(name, 'an empty text, which without quotes reads as null');
    if (text.includes(delimiter) || /[\r\n]/.test(text)) {
      throw untold(name, `a text with a delimiter or a line end, which without quotes reads as two`);
    }
    return text;
  };
}

function onlyNull({ quote: mark }: Dialect, { name, isText }: Quoting): () => string {
  if (mark !== '' && !isText) return () => mark + mark;
  return () => {
    throw untold(name, 'a null and is the only column, so that its line would be empty');
  };
}

function untold(column: string, what: string): DeltacatError {
  return new DeltacatError('schema_mismatch', `Column "${column}" holds ${what}. Write another format.`, { column });
}

function* lines(dialect: Dialect, columns: DelimitedColumn[], row_count: number): Generator<string> {
  const { delimiter, quote: mark } = dialect;
  // Readers take a first line of the column names for a header: then it has to be one, with the row after it.
  if (columns.every(({ name, text }) => text(0) === name)) {
    const names = columns.map(({ name }) => quote(dialect, { name, isText: true })(name));
    yield `${names.join(delimiter)}\n`;
  }
  for (let row = 0; row < row_count; row++) {
    const line = `${columns.map(({ field }) => field(row)).join(delimiter)}\n`;
    // UTF-8 has at most three bytes for each unit of a text.
    if (line.length * 3 > LINE_BYTES_MAX) throw tooLong(columns, row);
    if (row === 0 && mark === '' && line.startsWith('\ufeff')) {
      throw untold(columns[0]?.name ?? '', 'a byte order mark where the file begins, which readers leave out');
    }
    yield line;
  }
}

function tooLong(columns: DelimitedColumn[], row: number): DeltacatError {
  const longest = columns.toSorted((a, b) => b.text(row).length - a.text(row).length)[0];
  return untold(longest?.name ?? '', `values of which one row is longer than readers of delimited text accept`);
}
